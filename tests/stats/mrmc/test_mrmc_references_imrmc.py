"""iMRMC, the package for R and the program in Java: every table of every study.

Both print modality A minus B, here it is B minus A; they give each pair of cases the same weight
and cut degrees of freedom to whole numbers: ``weights="pair"``, ``df_rule="floor"``.
"""

import json
import math

import numpy as np
import pytest
from scipy import stats

from tests.mrmc_studies import read_csv, read_imrmc
from tests.stats.mrmc.test_mrmc_u_statistics import DESIGNS, without
from toolkit.stats.auc.curve import auc, rating_fom, roc_curve
from toolkit.stats.mrmc.analysis import against_fixed_value
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import _by_sharing, fom_table
from toolkit.stats.mrmc.inference import crossed_components, obuchowski_rockette
from toolkit.stats.mrmc.moments import (
    KINDS,
    NEGATIVE,
    POSITIVE,
    READER,
    AucMoments,
    PairMoments,
    components,
    exactly,
    kernel_sums,
)
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis
from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_model

ESTIMATORS = {"Ustat": "u_statistic", "MLEstat": "mle"}
STUDIES = [*DESIGNS, "VanDyke_modality1_only", "Kundel"]
COMPLETE = ["VanDyke", "VanDyke_modality1_only"]

# What the pairs of readings of a moment share, in the order of M1 to M8, and of the components.
MOMENTS = [
    READER | POSITIVE | NEGATIVE,
    READER | POSITIVE,
    READER | NEGATIVE,
    READER,
    POSITIVE | NEGATIVE,
    POSITIVE,
    NEGATIVE,
    0,
]
COMPONENTS = {
    "N": NEGATIVE,
    "D": POSITIVE,
    "ND": POSITIVE | NEGATIVE,
    "R": READER,
    "NR": READER | NEGATIVE,
    "DR": READER | POSITIVE,
    "RND": READER | POSITIVE | NEGATIVE,
}


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def studies(reference_data):
    data = reference_data / "data"
    truth, ratings = read_csv(data / "VanDyke" / "ratings.csv")
    found = {name: (truth, without(ratings, drop)) for name, drop in DESIGNS.items()}
    return {
        **found,
        "VanDyke_modality1_only": (truth, ratings[:, :, :1]),
        "Kundel": read_csv(data / "Kundel" / "ratings.csv"),
        "simulated": read_imrmc(data / "native" / "iMRMC_simulated_example.imrmc"),
    }


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "imrmc.json").read_text()
    return json.loads(text)["results"]


def places(table, names=("modalityA", "modalityB")):
    """The modalities of each row, from 0; one of them alone where the second is none."""
    labels = sorted({label for label in table[names[0]] + table[names[1]] if label != "NO_MOD"})
    return [
        tuple(labels.index(label) for label in row if label != "NO_MOD")
        for row in zip(*(table[name] for name in names), strict=True)
    ]


def check_rows(analysis, table, floor):
    """Every row of the tables Ustat and MLEstat."""
    for row, place in enumerate(places(table)):
        cell = {name: table[name][row] for name in table}
        if len(place) == 1:
            mean = analysis.modalities[place[0]]
            assert mean.estimate == close(cell["AUCA"])
            assert mean.std_error**2 == close(cell["varAUCA"])
            check_law(against_fixed_value(analysis, mean.label, 0.5), cell, +1, floor)
            continue
        (ours,) = (
            d
            for d in analysis.differences
            if (d.label_a, d.label_b) == tuple(str(one + 1) for one in place)
        )
        assert (ours.estimate_a, ours.estimate_b) == close((cell["AUCA"], cell["AUCB"]))
        assert -ours.estimate == close(cell["AUCAminusAUCB"])
        if cell["varAUCAminusAUCB"] <= 0:  # NA in iMRMC, said in words here
            assert cell["pValueBDG"] is None
            assert math.isnan(ours.p_value)
            assert "below 0" in ours.note
            continue
        # The variance is a small difference of large numbers in both programs.
        assert ours.std_error**2 == pytest.approx(cell["varAUCAminusAUCB"], rel=1e-9, abs=1e-15)
        check_law(ours, cell, -1, floor)


def check_law(ours, cell, sign, floor):
    """Degrees of freedom, P and limits by t, and those by the normal law from the same error."""
    df = cell["dfBDG"]
    if floor:
        assert ours.df == (math.floor(df) if df <= 50 else math.inf)
        # 1 - p in iMRMC: nothing below the precision of 1 is left of P.
        assert ours.p_value == pytest.approx(cell["pValueBDG"], rel=1e-7, abs=1e-15)
        shift = 0.5 if sign > 0 else 0
        low, high = (cell[name] for name in ("botCIBDG", "topCIBDG"))
        limits = sorted([sign * (ours.ci_low), sign * (ours.ci_high)])
        assert limits == pytest.approx([low - shift, high - shift], rel=1e-7)
    else:
        assert ours.df == pytest.approx(df, rel=1e-9)
    normal = 2 * stats.norm.sf(abs(ours.statistic))
    assert normal == pytest.approx(cell["pValueNormal"], rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("table", ESTIMATORS)
@pytest.mark.parametrize("study", STUDIES)
def test_tables_of_modalities(studies, peer, study, table):
    truth, ratings = studies[study]
    expected = peer[f"doIMRMC/{study}"]["result"][table]
    choices = {"estimator": ESTIMATORS[table], "weights": "pair"}
    check_rows(
        u_statistic_analysis(truth, ratings, df_rule="floor", mean_scale="identity", **choices),
        expected,
        True,
    )
    if study in COMPLETE:  # elsewhere iMRMC rounds the levels that df counts as well
        check_rows(
            u_statistic_analysis(truth, ratings, mean_scale="identity", **choices), expected, False
        )


def moments_of(truth, ratings, place):
    psi, one = kernel_sums(truth.astype(bool), ratings)
    return PairMoments(products=psi.products(*place), counts=one.products(*place))


def check_moment(ours, theirs, count):
    """A moment that some pair of readings has; iMRMC has 0 or NA for others."""
    if count:
        assert ours == pytest.approx(theirs, rel=1e-9)
    else:
        assert not theirs


@pytest.mark.parametrize("study", STUDIES)
def test_moments_and_components_of_variance(studies, peer, study):
    truth, ratings = studies[study]
    tables = peer[f"doIMRMC/{study}"]["result"]["varDecomp"]
    names = ("modalityID.1", "modalityID.2")
    for estimator in ("Ustat", "MLE"):
        found = tables["BDG"][estimator]["comp"]
        for row, place in enumerate(places(found, names)):
            pair = moments_of(truth, ratings, place)
            moments = pair.u_statistic() if estimator == "Ustat" else pair.mle()
            theirs = [found[f"M{number + 1}"][row] for number in KINDS]
            for kind, value in zip(MOMENTS, theirs, strict=True):
                check_moment(moments[kind], value, exactly(pair.counts)[kind])
            shares = exactly(pair.shares)
            shares[0] -= 1
            coefficients = tables["BDG"][estimator]["coeff"]
            theirs = [coefficients[f"M{number + 1}"][row] for number in KINDS]
            assert list(shares[MOMENTS]) == pytest.approx(theirs, rel=1e-9, abs=1e-12)
            own = components(moments)
            for name, kind in COMPONENTS.items():
                theirs = tables["BCK"][estimator]
                if pair.counts[kind]:
                    assert own[kind] == pytest.approx(
                        theirs["comp"][name][row], rel=1e-7, abs=1e-11
                    )
                assert pair.shares[kind] == close(theirs["coeff"][name][row])


@pytest.mark.parametrize("study", STUDIES)
def test_full_table_of_modalities(studies, peer, study):
    check_full_table(*studies[study], peer[f"doIMRMC/{study}"]["result"]["full"]["Ustat.full"])


def test_full_table_of_simulated_ratings(studies, peer):
    check_full_table(*studies["simulated"], peer["sim.gRoeMetz/default"]["result"]["Ustat"])


def check_full_table(truth, ratings, table):
    for row, place in enumerate(places(table, ("modalityID.1", "modalityID.2"))):
        pair = moments_of(truth, ratings, place)
        unbiased, biased = pair.u_statistic(), pair.mle()
        assert pair.covariance(unbiased) == close(table["covAUC"][row])
        assert pair.covariance(biased) == close(table["covAUC.biased"][row])
        for number, kind in enumerate(MOMENTS):
            name = f"M{number + 1}"
            check_moment(unbiased[kind], table[name][row], exactly(pair.counts)[kind])
            check_moment(biased[kind], table[f"{name}.b"][row], pair.counts[kind])
            assert pair.products[kind] == close(table[f"numer{number + 1}"][row])
            assert pair.counts[kind] == close(table[f"denom{number + 1}"][row])


@pytest.mark.parametrize("study", STUDIES)
def test_tables_of_readers(studies, peer, study):
    truth, ratings = studies[study]
    result = peer[f"doIMRMC/{study}"]["result"]
    table = fom_table(truth, ratings, covariance="unbiased")
    shape = (*table.value.shape, len(truth))
    psi, one = (
        _by_sharing(sums) for sums in kernel_sums(truth.astype(bool), flat(ratings)[:, :, None])
    )
    full = result["full"]["perReader.full"]
    assert len(full["M1"]) >= table.value.size
    readers = sorted(set(full["readerID.1"]))
    rows = zip(places(full, ("modalityID.1", "modalityID.2")), range(len(full["M1"])), strict=True)
    for (a, b), row in rows:
        first, second = (readers.index(full[f"readerID.{n}"][row]) for n in (1, 2))
        ours = table.covariance[first, a, second, b]
        if full["covAUC"][row] is not None:
            assert ours == pytest.approx(full["covAUC"][row], rel=1e-7, abs=1e-15)
        curve, other = (reader * shape[1] + place for reader, place in ((first, a), (second, b)))
        for kind in range(4):
            name = kind + 1
            own = psi[:, curve, other], one[:, curve, other]
            check_moment(own[0][kind] / max(own[1][kind], 1), full[f"M{name}"][row], own[1][kind])
            # Sums over pairs that share at least the kind.
            at_least = [at_least_shared(part)[kind] for part in own]
            assert at_least == close([full[f"numer{name}"][row], full[f"denom{name}"][row]])
    check_differences_of_readers(table, result["perReader"], readers)


def at_least_shared(parts):
    """From both, the positive, the negative and no case shared to at least that shared."""
    both, positive, negative, _ = parts
    return [both, both + positive, both + negative, parts.sum()]


def flat(ratings):
    return ratings.reshape(len(ratings), -1)


def check_differences_of_readers(table, theirs, readers):
    """The short table of readers: AUCs, their variances, and those of differences."""
    for row, place in enumerate(places(theirs)):
        reader = readers.index(theirs["readerID"][row])
        block = table.covariance[reader, :, reader]
        value = table.value[reader]
        if theirs["AUCA"][row] is None:
            assert math.isnan(value[place[0]])
            continue
        assert value[place[0]] == close(theirs["AUCA"][row])
        assert block[place[0], place[0]] == close(theirs["varAUCA"][row])
        if len(place) == 2 and theirs["AUCB"][row] is not None:
            a, b = place
            assert value[a] - value[b] == close(theirs["AUCAminusAUCB"][row])
            variance = block[a, a] + block[b, b] - 2 * block[a, b]
            if theirs["varAUCAminusAUCB"][row] is None:  # no common case: iMRMC gives nothing
                assert variance == close(block[a, a] + block[b, b])
            else:
                assert variance == pytest.approx(theirs["varAUCAminusAUCB"][row], rel=1e-7)


def their_calls(uses, threshold):
    """A case at the threshold counts half in iMRMC's roc2binary, here it is called."""

    @rating_fom(uses=uses, smooth=True, range=(0.0, 1.0), better="higher")
    def figure(truth, rating):
        rating = np.asarray(rating)[np.asarray(truth, dtype=bool) == (uses == "positive")]
        above = rating > threshold if uses == "positive" else rating < threshold
        return float(np.mean(above + (rating == threshold) / 2))

    return figure


@pytest.mark.parametrize("threshold", [3, 4])
@pytest.mark.parametrize(("name", "uses"), [("tpf", "positive"), ("fpf", "negative")])
def test_calls_from_ratings(studies, peer, threshold, name, uses):
    truth, ratings = studies["VanDyke"]
    expected = peer[f"roc2binary/VanDyke_thr{threshold}"]["result"][name]
    fom = their_calls(uses, threshold)
    for floor in (True, False):
        analysis = u_statistic_analysis(
            truth,
            ratings,
            fom=fom,
            estimator="u_statistic",
            mean_scale="identity",
            df_rule="floor" if floor else "exact",
        )
        check_rows(analysis, expected, floor)


@rating_fom(uses="positive", smooth=True, range=(-math.inf, math.inf), better="higher")
def mean_rating(truth, rating):
    return float(np.mean(np.asarray(rating)[np.asarray(truth, dtype=bool)]))


@pytest.mark.parametrize("name", ["conditionalD", "jointD"])
def test_one_sample_u_statistic(studies, peer, name):
    # uStat11 with the kernel of the score itself: the mean rating of the diseased.
    truth, ratings = studies["VanDyke"]
    expected = peer[f"uStat11.{name}/VanDyke_pos"]["result"]
    analysis = u_statistic_analysis(
        truth, ratings, fom=mean_rating, estimator="u_statistic", mean_scale="identity"
    )
    first, second = analysis.modalities
    (difference,) = analysis.differences
    assert (first.estimate, second.estimate) == close(
        (expected["mean"]["A"], expected["mean"]["B"])
    )
    assert -difference.estimate == close(expected["mean"]["AminusB"])
    variances = expected["var"]
    assert first.std_error**2 == close(variances["A"])
    assert second.std_error**2 == close(variances["B"])
    assert difference.std_error**2 == close(variances["AminusB"])
    # One and the same by Obuchowski and Rockette with the jackknife, no component below 0.
    choices = Choices(covariance="jackknife")
    by_or = compare_modalities(truth, ratings, fom=mean_rating, choices=choices)
    assert by_or.differences[0].std_error == close(difference.std_error)


def test_points_of_the_readers_curves(studies, peer):
    truth, ratings = studies["VanDyke"]
    curves = peer["doROCcurveMRMC/VanDyke"]["result"]
    for modality in (1, 2):
        for reader in range(1, 6):
            theirs = curves[f"{modality}.{reader}"]
            curve = roc_curve(truth, ratings[:, reader - 1, modality - 1])
            assert (list(curve.x), list(curve.y)) == (close(theirs["fpf"]), close(theirs["tpf"]))
        pooled = roc_curve(np.repeat(truth, 5), ratings[:, :, modality - 1].ravel())
        theirs = curves[f"{modality}.pooled"]
        assert (list(pooled.x), list(pooled.y)) == (close(theirs["fpf"]), close(theirs["tpf"]))


def test_structures_of_roe_and_metz(peer):
    table = peer["roeMetzConfigs"]["result"]
    separations = {"0p75": 0.75, "1p50": 1.5, "2p50": 2.5}
    assert len(table["_row"]) == 12
    for row, name in enumerate(table["_row"]):
        structure, separation = name[:2], separations[name[2:6]]
        model = roe_metz_model([separation] * 2, components=ROE_METZ_1997[structure, separation])
        for state, sign in enumerate(("neg", "pos")):
            shared = [table[f"var_{part}.{sign}"][row] for part in ("r", "c", "rc")]
            assert list(model.shared[state]) == close(shared), name
            for modality, letter in enumerate("AB"):
                own = [table[f"var_{part}.{letter}{sign}"][row] for part in ("r", "c", "rc")]
                assert list(model.own[modality, state]) == close(own), name


# Java prints rounded numbers.
JAVA = ["VanDyke", "VanDyke_missing_1_in_11", "VanDyke_split_plot_2_groups"]


@pytest.fixture(scope="module")
def java(reference_data):
    text = (reference_data / "reference" / "imrmc_java.json").read_text()
    return json.loads(text)["results"]


def printed(value, digits, decimals=None):
    """Half a unit of the last digit that is printed: of ``digits`` significant ones, or fixed."""
    size = math.floor(math.log10(abs(value))) + 1 if value else 0
    unit = 10.0 ** (size - digits)
    if decimals is not None:
        unit = max(unit, 10.0**-decimals)
    return pytest.approx(value, abs=0.5 * unit * (1 + 1e-6))


def rows_of(java, study, name):
    table = java[study]["result"][name]
    return [dict(zip(table["columns"], row, strict=False)) for row in table["rows"]]


def java_places(row, labels):
    return tuple(labels.index(row[n]) for n in ("modalityA", "modalityB") if row[n] != "NO_MOD")


def labels_of(rows):
    return sorted({row["modalityA"] for row in rows})


@pytest.mark.parametrize(
    ("name", "estimator"), [("statAnalysis.csv", "u_statistic"), ("statAnalysisMLE.csv", "mle")]
)
@pytest.mark.parametrize("study", JAVA)
def test_java_tables_of_modalities(studies, java, study, name, estimator):
    truth, ratings = studies[study]
    rows = rows_of(java, study, name)
    analysis = u_statistic_analysis(
        truth, ratings, estimator=estimator, weights="pair", df_rule="floor", mean_scale="identity"
    )
    for row in rows:
        place = java_places(row, labels_of(rows))
        if len(place) == 1:
            mean = analysis.modalities[place[0]]
            assert mean.estimate == printed(row["AUCA"], 9)
            assert mean.std_error**2 == printed(row["varAUCA"], 9)
            ours, sign, shift = against_fixed_value(analysis, mean.label, 0.5), 1, 0.5
        else:
            (ours,) = analysis.differences
            assert -ours.estimate == printed(row["AUCAminusAUCB"], 9)
            assert ours.std_error**2 == printed(row["varAUCAminusAUCB"], 9)
            sign, shift = -1, 0
        assert ours.df == (math.floor(row["dfBDG"]) if row["dfBDG"] <= 50 else math.inf)
        assert ours.p_value == pytest.approx(row["pValueBDG"], rel=1e-8, abs=1e-14)
        limits = sorted([sign * ours.ci_low + shift, sign * ours.ci_high + shift])
        assert limits == [printed(row["botCIBDG"], 9), printed(row["topCIBDG"], 9)]


@pytest.mark.parametrize(
    ("name", "estimator"), [("statAnalysis.csv", "Ustat"), ("statAnalysisMLE.csv", "MLE")]
)
def test_java_hillis_df(studies, java, name, estimator):
    # Hillis's df of the jackknife components, cut to whole numbers as all df of Java.
    truth, ratings = studies["VanDyke"]
    table = fom_table(truth, ratings, covariance="unbiased")
    analysis = obuchowski_rockette(table, mean_scale="identity")
    own = u_statistic_analysis(
        truth, ratings, estimator="u_statistic" if estimator == "Ustat" else "mle", weights="pair"
    )
    rows = rows_of(java, "VanDyke", name)
    for row in rows:
        place = java_places(row, labels_of(rows))
        hillis = analysis.modalities[place[0]] if len(place) == 1 else analysis.differences[0]
        error = own.modalities[place[0]] if len(place) == 1 else own.differences[0]
        assert hillis.df == printed(row["dfHillis"], 9)
        df = math.floor(row["dfHillis"])
        distance = error.estimate - (0.5 if len(place) == 1 else 0)
        p_value = 2 * stats.t.sf(abs(distance) / error.std_error, df if df <= 50 else math.inf)
        assert p_value == pytest.approx(row["pValueHillis"], rel=2e-8, abs=1e-14)


@pytest.mark.parametrize("study", JAVA)
def test_java_moments_and_components(studies, java, study):
    truth, ratings = studies[study]
    bdg, bck = rows_of(java, study, "BDGtable.csv"), rows_of(java, study, "BCKtable.csv")
    labels = labels_of(bdg)
    for row in bdg + bck:
        place = java_places(row, labels)
        kind, part = row.get("compOrCoeff", row.get("Moments")).rpartition("_")[::2]
        pairs = {"A": place[:1] * 2, "B": place[1:] * 2, "product": place}
        if part not in pairs or len(pairs[part]) != 2:
            continue
        pair = moments_of(truth, ratings, pairs[part])
        moments = pair.u_statistic() if row["UstatOrMLE"] == "Ustat" else pair.mle()
        double = 2 if part == "product" else 1
        if "M1" in row:
            shares = exactly(pair.shares)
            shares[0] -= 1
            ours = moments if kind == "comp" else double * shares
            theirs = {place: row[f"M{number + 1}"] for number, place in enumerate(MOMENTS)}
        else:
            ours = components(moments) if kind == "comp" else double * pair.shares
            theirs = {place: row[name] for name, place in COMPONENTS.items()}
        for own, value in theirs.items():
            if pair.counts[own]:
                assert ours[own] == printed(value, 6)


def or_components(truth, ratings, estimator):
    """Components of Obuchowski and Rockette of the first two modalities, or of one with itself."""
    pairs = {(a, b): moments_of(truth, ratings, (a, b)) for a in range(2) for b in range(2)}
    chosen = [
        [p.u_statistic() if estimator == "Ustat" else p.mle() for p in (pairs[a, 0], pairs[a, 1])]
        for a in range(2)
    ]
    found = AucMoments(auc=np.zeros(2), moments=np.array(chosen), method="moments")
    return found.components(int((truth == 0).sum()), int((truth == 1).sum()))


@pytest.mark.parametrize("estimator", ["Ustat", "MLE"])
def test_java_components_of_other_models(studies, java, estimator):
    # OR, DBM and its expected mean squares follow from one another (Hillis et al. 2005), K cases.
    truth, ratings = studies["VanDyke"]
    n_cases, n_readers = ratings.shape[:2]
    ours = or_components(truth, ratings, estimator)
    if estimator == "Ustat":
        table = fom_table(truth, ratings, covariance="unbiased")
        direct = crossed_components(table)
        assert direct.var_reader_modality == close(ours.var_reader_modality)
        assert (direct.cov1, direct.cov2, direct.cov3) == close((ours.cov1, ours.cov2, ours.cov3))
    dbm = {
        "R": ours.var_reader,
        "C": n_cases * ours.cov3,
        "RC": n_cases * (ours.cov1 - ours.cov3),
        "TR": ours.var_reader_modality,
        "TC": n_cases * (ours.cov2 - ours.cov3),
        "TRC": n_cases * (ours.var_error - ours.cov1 - ours.cov2 + ours.cov3),
    }
    squares = {
        "MR": n_cases * dbm["TR"] + dbm["TRC"],
        "MC": n_readers * dbm["TC"] + dbm["TRC"],
        "MRC": dbm["TRC"],
        "R": 2 * n_cases * dbm["R"] + n_cases * dbm["TR"] + 2 * dbm["RC"] + dbm["TRC"],
        "C": 2 * n_readers * dbm["C"] + n_readers * dbm["TC"] + 2 * dbm["RC"] + dbm["TRC"],
        "RC": 2 * dbm["RC"] + dbm["TRC"],
    }
    or_model = {
        "R": ours.var_reader,
        "TR": ours.var_reader_modality,
        "COV1": ours.cov1,
        "COV2": ours.cov2,
        "COV3": ours.cov3,
        "ERROR": ours.var_error,
    }
    for name, model in (("ORtable", or_model), ("DBMtable", dbm), ("MStable", squares)):
        rows = [
            row
            for row in rows_of(java, "VanDyke", f"{name}.csv")
            if row["modalityB"] != "NO_MOD" and row["UstatOrMLE"] == estimator
        ]
        (theirs,) = (row for row in rows if row["Components"] == "components")
        for column, value in model.items():
            assert value == printed(theirs[column], 6), (name, column)


@pytest.mark.parametrize("study", JAVA)
def test_java_tables_of_readers(studies, java, study):
    truth, ratings = studies[study]
    table = fom_table(truth, ratings, covariance="unbiased")
    rows = rows_of(java, study, "AUCperReader.csv")
    readers = sorted({row["readerID"] for row in rows})
    for row in rows:
        place = java_places(row, labels_of(rows))
        reader = readers.index(row["readerID"])
        block = table.covariance[reader, :, reader]
        if len(place) == 1:
            assert table.value[reader, place[0]] == printed(row["AUCA"], 9)
            assert block[place[0], place[0]] == printed(row["varAUCA"], 9, decimals=8)
        else:
            difference = table.value[reader, 0] - table.value[reader, 1]
            assert difference == printed(row["AUCAminusAUCB"], 9)
            variance = block[0, 0] + block[1, 1] - 2 * block[0, 1]
            assert variance == printed(row["varAUCAminusAUCB"], 9, decimals=8)
    check_reader_covariance(table, java[study]["result"]["readerCovariance.csv"]["rows"])


def check_reader_covariance(table, rows):
    """Three blocks: modality A, B, and A by B."""
    blocks, block = [], []
    for row in [*rows[2:], [""]]:
        if len(row) <= 1:
            blocks.append(block)
            block = []
        else:
            block.append([value for value in row if value != ""])
    pairs = [(0, 0), (1, 1), (0, 1)]
    assert len(blocks) == len(pairs)
    for (a, b), (_, *lines) in zip(pairs, blocks, strict=True):
        for ours, theirs in zip(
            table.covariance[:, a, :, b], lines[-table.n_readers :], strict=True
        ):
            values = [value for value in theirs if isinstance(value, float)]
            for own, value in zip(ours, values, strict=True):
                assert own == printed(value, 9)


def test_the_auc_stays_the_default(studies):
    truth, ratings = studies["VanDyke"]
    first = u_statistic_analysis(truth, ratings).to_dict()
    assert u_statistic_analysis(truth, ratings, fom=auc).to_dict() == first
