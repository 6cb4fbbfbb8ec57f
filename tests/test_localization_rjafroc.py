"""Chapter 08 of two published studies, through its parameters file, against RJafroc."""

import json
from pathlib import Path

import numpy as np
import pytest

from toolkit.chapters.localization.localization import LocalizationPlan, localized_study
from toolkit.chapters.localization.localization_analyses import analysed_marks
from toolkit.chapters.localization.localization_readers import curves_of, reader_marks
from toolkit.readers.tabular.sources import read_table
from toolkit.scoring.mark_readings import MarkTables
from toolkit.study.parameters.file import load_parameters

ROOT = Path(__file__).resolve().parents[1]


def study_of(name, folder):
    """Return the study of a parameters file, read as a run reads it, with its plan."""
    parameters = load_parameters(ROOT / "parameters" / f"{name}.yaml")
    sources = parameters.data["reader_study"]
    made = {
        table: read_table(table, entries, folder=folder).frame for table, entries in sources.items()
    }
    [chapter] = [entry for entry in parameters.chapters if entry.chapter == "08_localization"]
    chosen = dict(chapter.parameters)
    chosen["margin"] = chosen.pop("fom_difference_margin")
    chosen["size_edges_mm"] = tuple(chosen["size_edges_mm"])
    return localized_study(MarkTables(**made), LocalizationPlan(**chosen))


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    return json.loads(text)["results"]


@pytest.fixture(scope="module")
def tomosynthesis(reference_data):
    return study_of("tomosynthesis", reference_data / "data" / "dataset01")


@pytest.fixture(scope="module")
def lroc(reference_data):
    return study_of("hupse2013_lroc", reference_data / "data" / "datasetCadLroc")


def close(value):
    return pytest.approx(value, rel=1e-9)


def test_tomosynthesis_has_the_numbers_of_rjafroc(tomosynthesis, peer):
    found = analysed_marks(tomosynthesis)
    difference = found.primary.difference
    means = [difference.estimate_a, difference.estimate_b]
    assert means == pytest.approx([0.7111130618, 0.8122366573], abs=5e-11)
    assert difference.statistic**2 == pytest.approx(10.29882525, abs=5e-9)
    assert difference.p_value == pytest.approx(0.00366857839, abs=5e-12)
    expected = {
        "AFROC": "AFROC",
        "HrAuc": "HrAuc",
        "wAFROC1": "wAFROC1",
    }
    others = {one.endpoint: one for one in found.alternatives if one.endpoint in expected}
    for endpoint, key in expected.items():
        result = peer[f"dataset01/{key}/OR/jackknife/RRRC"]["result"]["RRRC"]
        assert others[endpoint].difference.p_value == close(result["FTests"]["p"][0])
    fixed = [one for one in found.alternatives if one.name.startswith("These readers only")]
    result = peer["dataset01/wAFROC/OR/jackknife/FRRC"]["result"]["FRRC"]
    assert fixed[0].difference.p_value == close(result["FTests"]["p"][0])


def test_tomosynthesis_counts_are_those_of_the_files(tomosynthesis, reference_data):
    import pandas as pd

    marks = pd.read_csv(reference_data / "data" / "dataset01" / "marks.csv")
    for row in reader_marks(tomosynthesis):
        name = {"a": "DM", "b": "BT"}[row.side]
        own = marks[(marks["reader"] == int(row.label[1:])) & (marks["modality"] == name)]
        assert row.found == (own["mark_type"] == "LL").sum()
        assert row.false_marks == (own["mark_type"] == "NL").sum()
        assert (row.n_lesions, row.n_images, row.n_cases) == (95, 185, 185)


def test_lroc_has_the_numbers_of_rjafroc(lroc):
    found = analysed_marks(lroc)
    lowest = [one for one in found.alternatives if "lower end" in one.name]
    difference = lowest[0].difference
    assert difference.estimate_b == pytest.approx(0.591667, abs=5e-7)
    assert difference.estimate_a == pytest.approx(0.710173, abs=5e-7)
    assert difference.p_value == pytest.approx(0.0417262624, abs=5e-11)
    others = {one.endpoint: one.difference for one in found.alternatives}
    assert others["ALROC"].p_value == pytest.approx(0.1854193, abs=5e-8)
    assert others["HrAuc"].p_value == pytest.approx(0.3210474343, abs=5e-11)
    assert others["HrAuc"].estimate_b == pytest.approx(0.8169270833, abs=5e-11)
    assert "bootstrap" in found.primary.name  # the jackknife does not suit a quantile


def test_area_of_the_mean_curve_is_the_mean_figure_of_merit(tomosynthesis):
    means = analysed_marks(tomosynthesis).primary.means
    for curves, mean in zip(curves_of(tomosynthesis, "wafroc"), means, strict=True):
        area = np.trapezoid(curves.mean.y, curves.mean.x)
        assert area == close(mean.estimate)
        assert len(curves.readers) == 5
