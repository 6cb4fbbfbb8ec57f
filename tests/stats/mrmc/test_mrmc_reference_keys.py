"""Which reference value of reader studies is compared where, and why the others are not."""

import json
import re
from pathlib import Path

import pytest

from tests.stats.mrmc.test_mrmc_references import BINORMAL, CLOSED, PLATEAUS

# Where every reference value of these files is compared: pattern of keys -> file::test. LEFT_OUT
# says why other keys are not. Each key belongs to exactly one pattern.
HERE = "test_mrmc_references.py"
IMRMC = "test_mrmc_references_imrmc.py"
RJAFROC = "test_mrmc_references_rjafroc.py"
VAN_DYKE_AND_KUNDEL = "(VanDyke|Kundel)"
CLOSED_NAMES = "|".join(CLOSED)
PLATEAU_NAMES = "|".join(PLATEAUS)
BINORMAL_NAMES = "|".join(BINORMAL)
COMPARED = {
    "mrmcaov": {
        r".*/roc_curves/binormalLR": "test_binormal_lr.py::test_fit_matches_mrmcaov",
        r"VanDyke/binormalLR_auc/.*": (
            "test_binormal_lr.py::test_jackknife_of_van_dyke_matches_mrmcaov"
        ),
        rf"VanDyke/({CLOSED_NAMES})/.*": f"{HERE}::test_mrmcaov_from_ratings",
        rf"Kundel/({CLOSED_NAMES})/(?!DeLong).*": f"{HERE}::test_mrmcaov_from_ratings",
        rf"{VAN_DYKE_AND_KUNDEL}/({PLATEAU_NAMES})/.*": (
            f"{HERE}::test_mrmcaov_keeps_one_point_of_a_plateau_of_sensitivity"
        ),
        rf"Kundel/({BINORMAL_NAMES})/.*": (
            f"{HERE}::test_binormal_figures_of_kundel_match_mrmcaov"
        ),
        rf"VanDyke/({BINORMAL_NAMES})/.*": (
            f"{HERE}::test_binormal_figures_of_van_dyke_match_mrmcaov_but_for_the_perfect_reader"
        ),
        r"VanDyke/nested_cases_in_.*": f"{HERE}::test_nested_cases_of_mrmcaov_from_ratings",
        r"VanDyke/nested_readers_in_tests/(?!DeLong).*": (
            f"{HERE}::test_nested_readers_of_mrmcaov_from_ratings"
        ),
        r"VanDyke/partially_paired/.*": (
            f"{HERE}::test_partly_paired_van_dyke_is_reproduced_only_on_request"
        ),
        rf"{VAN_DYKE_AND_KUNDEL}/srmc/.*": f"{HERE}::test_single_readers_match_mrmcaov",
        rf"{VAN_DYKE_AND_KUNDEL}/stmc/.*": f"{HERE}::test_single_curves_match_mrmcaov",
        rf"{VAN_DYKE_AND_KUNDEL}/roc_curves/empirical": (
            f"{HERE}::test_points_of_the_curves_match_mrmcaov"
        ),
        rf"{VAN_DYKE_AND_KUNDEL}/roc_curves/binormal": (
            "test_binormal.py::test_fit_matches_mrmcaov"
        ),
    },
    "rjafroc": {
        r"dataset0[28]/Wilcoxon/OR/jackknife/.*|dataset0[15]/(HrAuc|HrSe|HrSp)/OR/jackknife/.*": (
            f"{RJAFROC}::test_every_table_of_obuchowski_rockette"
        ),
        r"dataset0[28]/Wilcoxon/DBM/jackknife/.*|dataset0[15]/HrAuc/DBM/jackknife/.*": (
            f"{RJAFROC}::test_every_table_of_dbm"
        ),
        r"StCadVsRad/(dataset09|datasetCadLroc|datasetCadSimuFroc)/(Wilcoxon|HrAuc)/1T-.*": (
            f"{RJAFROC}::test_cad_against_radiologists"
        ),
        r"StCadVsRad/(dataset09|datasetCadLroc)/Wilcoxon/2T-RRRC/.*": (
            f"{RJAFROC}::test_cad_as_a_second_modality"
        ),
        r"Util(OR|DBM)VarComp/dataset02|UtilFigureOfMerit/dataset0[29]/Wilcoxon": (
            f"{RJAFROC}::test_components_from_the_utilities_are_the_same"
        ),
        r"FitBinormalRoc/dataset02/.*": "test_binormal.py::test_fit_matches_rjafroc",
    },
    "imrmc": {
        r"doIMRMC/(VanDyke.*|Kundel)": f"{IMRMC}::test_tables_of_modalities",
        r"doROCcurveMRMC/VanDyke": f"{IMRMC}::test_points_of_the_readers_curves",
        r"roc2binary/.*": f"{IMRMC}::test_calls_from_ratings",
        r"uStat11\..*": f"{IMRMC}::test_one_sample_u_statistic",
        r"sim\.gRoeMetz/default": f"{IMRMC}::test_full_table_of_simulated_ratings",
        r"roeMetzConfigs": f"{IMRMC}::test_structures_of_roe_and_metz",
    },
    "imrmc_java": {r"VanDyke.*": f"{IMRMC}::test_java_tables_of_modalities"},
    "google_health": {
        r"dual_modality_orh/VanDyke/(auc.*|sens_ge3|spec_ge3)": (
            f"{HERE}::test_two_modalities_match_google_health"
        ),
        r"jackknife_covariance/VanDyke": f"{HERE}::test_jackknife_covariance_matches_google_health",
        r"model_vs_readers_orh/.*": f"{HERE}::test_model_against_readers_matches_google_health",
    },
}
STOPS = "the peer stops with an error"
MARKS = "figures of marks, compared with the localization statistics"
DATA = "its data are not among the reference data"
LEFT_OUT = {
    "mrmcaov": {
        r"Kundel/empirical_auc/DeLong/.*|VanDyke/nested_readers_in_tests/DeLong": STOPS,
        r"bug_check/.*": STOPS,
        r"OR_to_RMH/example": "names of arguments alone, no number",
    },
    "rjafroc": {
        r".*/OR/(DeLong|bootstrap)/.*|UtilORVarComp/dataset02/DeLong": STOPS,
        r"StOldCode/.*|.*/FROC/OR/.*": STOPS,
        r"StCadVsRad/datasetCadSimuFroc/.*/2T-RRRC/.*": STOPS,
        r"dataset\d+/(wAFROC1?|AFROC1?|MaxLLF|MaxNLF|MaxNLFAllCases)/.*": MARKS,
        r"StCadVsRad/.*/(PCL|ALROC|wAFROC|AFROC)/1T-.*": MARKS,
        r"StCadVsRad/datasetCadLroc/(PCL|ALROC)/2T-RRRC/.*": MARKS,
        r"UtilFigureOfMerit/.*/(wAFROC|ALROC)|PlotEmpOpChrs/.*": MARKS,
        r"Ss.*": "sample sizes, compared with toolkit.stats.sizing.reader_study",
        r"Fit(Cbm|Rsm)Roc/.*|Util(AucPROPROC|AucBIN|AucCBM|AnalyticalAucsRSM)/.*": (
            "models that are not offered, or closed forms without data"
        ),
        r"FitBinormalRoc/dataset0[15]/.*": "fits of the highest ratings of FROC data",
    },
    "imrmc": {
        r"la(WRBM|BRWM|WRWM|BRBM)/.*": (
            "limits of agreement of scores in reader studies, which are not offered"
        ),
        r"doIMRMC/dfMRMC_example": DATA,
        r"sim\.gRoeMetz/config\d": DATA,
    },
    "imrmc_java": {r"dfMRMC_example": DATA},
    "google_health": {
        r"dual_modality_orh/VanDyke/fom_without_sample_weight|bug_check/.*": STOPS,
        r"simulate_dual_modality/.*": DATA,
    },
}


@pytest.mark.parametrize("name", COMPARED)
def test_every_reference_value_is_compared_or_left_out_for_a_reason(reference_data, name):
    text = (reference_data / "reference" / f"{name}.json").read_text()
    patterns = {**COMPARED[name], **LEFT_OUT[name]}
    assert len(patterns) == len(COMPARED[name]) + len(LEFT_OUT[name])
    matched = set()
    for key, entry in json.loads(text)["results"].items():
        found = [pattern for pattern in patterns if re.fullmatch(pattern, key)]
        assert len(found) == 1, (key, found)
        assert patterns[found[0]] != STOPS or "error" in entry, key
        matched.update(found)
    assert matched == set(patterns)


def test_the_comparisons_exist():
    for patterns in COMPARED.values():
        for place in patterns.values():
            file, test = place.split("::")
            (found,) = Path(__file__).parents[1].rglob(file)
            assert f"def {test}(" in found.read_text(), place
