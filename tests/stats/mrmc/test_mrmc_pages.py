"""The pages on reader studies: examples run, tables and numbers are those of the code."""

import doctest
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.mrmc_studies import read_csv
from toolkit.stats.auc.figures_of_merit import partial_auc_fom, specificity_at_sensitivity_fom
from toolkit.stats.mrmc.ai import compare_ai_with_readers
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import fom_table
from toolkit.stats.mrmc.inference import obuchowski_rockette
from toolkit.stats.mrmc.table import RULES

DOCS = Path(__file__).parents[3] / "docs"
HEAD = """# Which analysis of a reader study is defined for what
Made from `RULES` in `toolkit/stats/mrmc/table.py`. What a row refuses raises an error that says
why, or the note of the result says it.

| method | defined for | refused, or not the answer |
|---|---|---|
"""


def test_the_table_of_validity_is_that_of_the_code():
    rows = "".join(f"| {' | '.join(rule)} |\n" for rule in RULES)
    assert (DOCS / "mrmc_validity.md").read_text() == HEAD + rows


def test_examples_of_the_migration_page_give_the_numbers_on_it(
    reference_data, tmp_path, monkeypatch
):
    for name in ("VanDyke", "dataset09"):
        source = reference_data / "data" / name / "ratings.csv"
        shutil.copyfile(source, tmp_path / f"{name}.csv")
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(DOCS / "migration.md"), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0


@pytest.fixture(scope="module")
def studies(reference_data):
    names = ("VanDyke", "Kundel", "dataset09")
    return {name: read_csv(reference_data / "data" / name / "ratings.csv") for name in names}


def test_right_numbers_beside_the_peers_faults_are_ours(studies):
    page = " ".join((DOCS / "peers_faults.md").read_text().split())
    jackknife = Choices(covariance="jackknife")
    truth, ratings = studies["VanDyke"]
    apart = np.full((114, 10, 2), np.nan)
    apart[:, :5, 0], apart[:, 5:, 1] = ratings[:, :, 0], ratings[:, :, 1]
    (nested,) = compare_modalities(truth, apart, choices=jackknife).differences
    assert f"right P {nested.p_value:.4f} on {nested.df:.2f}" in page
    area = partial_auc_fom(low=0.8, high=1, along="sensitivity")
    assert f"right {area(truth, ratings[:, 3, 1]):.6f}" in page
    (part,) = compare_modalities(truth, ratings, fom=area, choices=jackknife).differences
    assert f"right {part.estimate:.4f} (P {part.p_value:.4f})" in page
    fom = specificity_at_sensitivity_fom(sensitivity=0.8)
    (point,) = compare_modalities(truth, ratings, fom=fom, choices=jackknife).differences
    assert f"P 0.2414, right {point.p_value:.4f}" in page
    kundel = compare_modalities(*studies["Kundel"]).differences
    p_values = ", ".join(f"{difference.p_value:.4f}" for difference in kundel)
    df = "{:.1f}, {:.1f} and {:.1f}".format(*(difference.df for difference in kundel))
    assert f"by U-statistics {p_values} on {df}" in page
    table = fom_table(*studies["Kundel"], covariance="jackknife", jackknife_cases="study")
    own = obuchowski_rockette(table, random="cases").reader_differences[:3]
    errors = "{:.4f}, {:.4f} and {:.4f}".format(*(difference.std_error for difference in own))
    assert f"from its own pairs they are {errors}" in page
    truth, ratings = studies["dataset09"]
    hupse = compare_ai_with_readers(
        truth, ratings[:, 1:, 0], ratings[:, 0, 0], covariance="jackknife", mean_scale="identity"
    ).readers_mean
    assert f"right {hupse.ci_low:.4f} to {hupse.ci_high:.4f}" in page
