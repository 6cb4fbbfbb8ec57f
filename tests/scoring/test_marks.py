"""Marks x lesions -> LL and NL: rules, ties, views, weights, counts and everything refused."""

import dataclasses
import itertools
import math
import time

import numpy as np
import pandas as pd
import pytest

from tests.froc_sample import froc_from_csv, rows
from tests.mark_sample import drawn_tables, frame, tables
from toolkit.scoring.lesions import (
    lesion_groups,
    lesion_sensitivity_of_marks,
    missed_lesions,
)
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import AsRecorded, InsideOutline, Overlap, WithinRadius
from toolkit.scoring.marks import localize_marks
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.froc.cut_figures import lesion_sensitivity_by_group
from toolkit.stats.froc.figures_of_merit import max_llf, max_nlf_all_cases
from toolkit.stats.froc.fom_table import froc_fom_table

UNMARKED = -math.inf
RADIUS = WithinRadius(radius_px=50)


def localized(given, *, rule=RADIUS, unit="exam", modalities=("unaided",), **choices):
    return localize_marks(given, rule=rule, unit=unit, modalities=modalities, **choices)


def mark(rating, x, y, *, reader="A", case="C1", image="C1-L-CC", modality="unaided"):
    return (reader, case, modality, float(rating), image, float(x), float(y))


# --- brute force ----------------------------------------------------------------------------------


def brute(given, reader, unit):
    """Return lesion ratings by (unit, lesion) and NL ratings by unit, mark by mark."""
    truth = dict(zip(given.cases["case_id"], given.cases["truth"], strict=True))
    places = [row for row in given.lesions.to_dict("records") if truth[row["case_id"]] == 1]

    def unit_of(row):
        side = row["image_id"].split("-")[1]
        parts = {"exam": (), "breast": (side,), "image": (row["image_id"],)}
        return (row["case_id"], *parts[unit])

    found = {(unit_of(row), row["lesion_id"]): UNMARKED for row in places}
    false = []
    for row in given.marks.to_dict("records"):
        if row["reader_id"] != reader:
            continue
        hits = []
        for lesion in places:
            distance = math.dist((row["x_px"], row["y_px"]), (lesion["x_px"], lesion["y_px"]))
            if lesion["image_id"] == row["image_id"] and distance <= 50:
                hits.append((distance, int(lesion["lesion_id"]), lesion))
        if hits:
            lesion = min(hits, key=lambda hit: hit[:2])[2]
            key = (unit_of(lesion), lesion["lesion_id"])
            found[key] = max(found[key], row["rating"])
        else:
            false.append((unit_of(row), row["rating"]))
    return found, sorted(false)


@pytest.mark.parametrize("unit", ["exam", "breast", "image"])
def test_scoring_is_the_double_loop(unit):
    for seed in range(6):
        given = drawn_tables(seed)
        scored = localized(given, unit=unit)
        for place, reader in enumerate("AB"):
            found, false = brute(given, reader, unit)
            keys = [
                (case, part) if part else (case,)
                for case, part in zip(scored.case_id, scored.part, strict=True)
            ]
            lesions = [
                (keys[case], lesion)
                for case, lesion in zip(
                    scored.study.truth.lesion_case, scored.lesion_id, strict=True
                )
            ]
            rating = scored.study.lesion_rating[:, place, 0]
            assert dict(zip(lesions, rating, strict=True)) == found
            reading = scored.study.reading(place)
            ours = zip(reading.nl_case, reading.nl_rating, strict=True)
            assert sorted((keys[case], mark) for case, mark in ours) == false


def test_classes_add_up_to_all_marks():
    for seed in range(4):
        given = drawn_tables(seed)
        scored = localized(given)
        counts = scored.counts
        assert counts.ll + counts.nl + counts.further == len(given.marks) == scored.mark_row.size
        assert counts.nl == scored.study.nl_case.size
        assert counts.ll == int((scored.study.lesion_rating > UNMARKED).sum())
        kinds, sizes = np.unique(scored.mark_class, return_counts=True)
        named = dict(zip(kinds.tolist(), sizes.tolist(), strict=True))
        assert named.get("LL", 0) == counts.ll
        assert named.get("further", 0) == counts.further
        assert ((scored.mark_lesion >= 0) == (scored.mark_class != "NL")).all()


# --- the rules for single marks -------------------------------------------------------------------


def test_a_mark_inside_several_lesions_goes_to_the_nearest_centre_then_the_lower_id():
    lesions = [
        ("C1", "10", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),
        ("C1", "9", "C1-L-CC", 140.0, 100.0, 20.0, None, "mass", 12.0),
    ]
    given = tables(lesions=lesions, marks=[mark(3, 110, 100)])
    scored = localized(given)
    assert scored.lesion_id.tolist() == ["10", "9"]
    assert scored.study.lesion_rating[:, 0, 0].tolist() == [3, UNMARKED]
    assert scored.counts.in_several == 1
    assert "1 marks inside several lesions went to the nearest centre" in scored.note
    tied = localized(tables(lesions=lesions, marks=[mark(3, 120, 100)]))
    assert tied.study.lesion_rating[:, 0, 0].tolist() == [UNMARKED, 3]  # 9 is below 10


def test_a_lesion_keeps_its_highest_mark_and_further_ones_are_nothing():
    given = tables(
        marks=[mark(2, 100, 100), mark(5, 105, 100), mark(5, 95, 100), mark(9, 500, 500)]
    )
    scored = localized(given)
    assert scored.mark_class.tolist() == ["further", "LL", "further", "NL"]
    assert scored.study.lesion_rating[0, 0, 0] == 5
    assert scored.study.nl_rating.tolist() == [9]


def test_a_lesion_is_found_in_either_view_with_the_highest_rating():
    lesions = [
        ("C1", "1", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),
        ("C1", "1", "C1-L-MLO", 300.0, 300.0, 20.0, None, "mass", 12.0),
    ]
    marks = [mark(2, 100, 100), mark(4, 300, 300, image="C1-L-MLO"), mark(1, 9, 9, reader="B")]
    for unit in ("exam", "breast"):
        scored = localized(tables(lesions=lesions, marks=marks), unit=unit)
        assert scored.study.lesion_rating[:, :, 0].tolist() == [[4, UNMARKED]]
        assert "found where any view of it is hit" in scored.note
    views = localized(tables(lesions=lesions, marks=marks), unit="image")
    assert views.study.lesion_rating[:, :, 0].tolist() == [[2, UNMARKED], [4, UNMARKED]]
    assert views.study.truth.lesion_weight.tolist() == [1, 1]


def test_one_false_finding_on_two_views_counts_twice_and_is_divided_by_images():
    marks = [mark(2, 500, 500, case="C2", image=f"C2-R-{view}") for view in ("CC", "MLO")]
    scored = localized(tables(marks=marks))
    assert "one finding marked on two views counts twice" in scored.note
    assert max_nlf_all_cases(scored.study.reading(0)) == 2 / 8
    assert scored.counts.healthy_images == 4
    by_breast = localized(tables(marks=marks), unit="breast")
    assert by_breast.counts.diseased == 1
    assert by_breast.counts.healthy == 3
    assert max_nlf_all_cases(by_breast.study.reading(0)) == 2 / 8
    assert "counts twice" not in localized(tables(marks=marks), unit="image").note


def test_benign_findings_and_the_other_breast_are_false_marks():
    lesions = [
        ("C1", "1", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),
        ("C1", "2", "C1-L-CC", 500.0, 500.0, 20.0, None, "cyst", 12.0),
        ("C2", "1", "C2-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),
    ]
    marks = [
        mark(3, 500, 500),
        mark(4, 100, 100, case="C2", image="C2-L-CC"),
        mark(5, 100, 100, image="C1-R-CC"),
        mark(6, 100, 100, image="C1-L-MLO"),
    ]
    given = tables(lesions=lesions, marks=marks)
    with_histology = given.lesions.assign(histology=["cancer", "cyst", "cyst"])
    given = dataclasses.replace(given, lesions=with_histology)
    scored = localized(given, benign_histology=["cyst"])
    assert scored.study.nl_rating.tolist() == [3, 4, 5, 6]
    counts = scored.counts
    assert (counts.on_benign, counts.other_breast, counts.lesion_not_shown) == (2, 1, 1)
    assert counts.lesions == 1
    assert "place of a lesion of that breast is not given" in scored.note
    assert localized(given).counts.lesions == 2  # a lesion of a case with cancer, unless said


def test_slices_are_not_compared_and_it_is_said():
    given = tables(marks=[mark(1, 100, 100)])
    assert "slices" not in localized(given).note
    sliced = dataclasses.replace(given, marks=given.marks.assign(frame=[30.0]))
    assert "slices are not compared" in localized(sliced).note


def test_counts_behind_every_axis():
    cases = [("C1", "P1", 1), ("C2", "P1", 0), ("C3", "P2", 0)]
    counts = localized(tables(cases=cases, marks=[mark(1, 100, 100)])).counts
    assert (counts.exams, counts.patients, counts.lesions) == (3, 2, 1)
    assert (counts.diseased, counts.healthy) == (1, 2)
    assert (counts.diseased_images, counts.healthy_images) == (4, 8)
    by_image = localized(tables(cases=cases), unit="image").counts
    assert (by_image.diseased, by_image.healthy, by_image.exams) == (1, 11, 3)


def test_patients_cluster_units_and_lesions():
    cases = [("C1", "P1", 1), ("C2", "P1", 0), ("C3", None, 0), ("C4", None, 0)]
    scored = localized(tables(cases=cases))
    assert scored.patient[0] == scored.patient[1]
    assert np.unique(scored.patient).size == 3
    assert scored.lesion_patient.tolist() == [scored.patient[0]]


# --- hit rules ------------------------------------------------------------------------------------

SQUARE = "60,60 140,60 140,140 60,140"


def outlined(shape, marks, **columns):
    lesions = [("C1", "1", "C1-L-CC", 100.0, 100.0, np.nan, shape, "mass", 12.0)]
    given = tables(lesions=lesions, marks=marks)
    return dataclasses.replace(given, marks=given.marks.assign(**columns))


def found(given, rule):
    return (localized(given, rule=rule).mark_class != "NL").tolist()


def test_inside_the_outline():
    marks = [
        mark(1, 139, 139),
        mark(1, 140, 100),
        mark(1, 141, 100),
        mark(1, 139, 61, image="C1-L-MLO"),
    ]
    assert found(outlined(SQUARE, marks), InsideOutline()) == [True, True, False, False]
    hollow = "0,0 200,0 200,200 150,200 150,50 50,50 50,200 0,200"
    marks = [mark(1, 100, 100), mark(1, 100, 40), mark(1, 25, 190), mark(1, 175, 190)]
    assert found(outlined(hollow, marks), InsideOutline()) == [False, True, True, True]


def test_radius_in_mm_and_in_pixels():
    marks = [mark(1, 150, 100), mark(1, 150.1, 100), mark(1, 130, 140)]
    assert found(tables(marks=marks), WithinRadius(radius_px=50)) == [True, False, True]
    assert found(tables(marks=marks), WithinRadius(radius_mm=5)) == [True, False, True]
    assert found(tables(marks=marks, spacing=0.05), WithinRadius(radius_mm=5)) == [True] * 3


def test_overlap_of_circles_and_boxes():
    lesions = [("C1", "1", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0)]
    given = tables(lesions=lesions, marks=[mark(1, 100, 100), mark(1, 120, 100), mark(1, 139, 100)])
    # Circles of radius r at distance r share r^2 (2 pi / 3 - sqrt(3) / 2), 0.2430 of the joint one.
    assert found(given, Overlap(least=0.243, mark_radius_px=20)) == [True, True, False]
    assert found(given, Overlap(least=0.2431, mark_radius_px=20)) == [True, False, False]
    assert found(given, Overlap(least=0.001, mark_radius_mm=2)) == [True, True, True]
    boxes = ["60,60 140,60 140,140 60,140", "100,60 180,60 180,140 100,140", "150,60 190,60 190,90"]
    marks = [mark(1, 100, 100), mark(1, 140, 100), mark(1, 170, 70)]
    given = outlined(SQUARE, marks, outline=boxes)
    assert found(given, Overlap(least=1 / 3)) == [True, True, False]
    assert found(given, Overlap(least=0.34)) == [True, False, False]


def test_centre_of_an_outline_stands_for_a_missing_centre():
    lesions = [("C1", "1", "C1-L-CC", np.nan, np.nan, np.nan, SQUARE, "mass", 12.0)]
    scored = localized(tables(lesions=lesions, marks=[mark(1, 130, 140)]))
    assert scored.distance_px.tolist() == [50]
    assert scored.distance_mm.tolist() == [5]


def test_every_result_says_its_rule():
    texts = {
        "inside the outline of the lesion": InsideOutline(),
        "within 5 mm of the centre of the lesion": WithinRadius(radius_mm=5),
        "within 50 pixels of the centre of the lesion": RADIUS,
        "overlap with the lesion of at least 0.1 (shared over joint area)": Overlap(least=0.1),
    }
    for text, rule in texts.items():
        assert rule.text == text
    assert Overlap(least=0.1, mark_radius_mm=5).text.endswith("marks are circles of radius 5 mm")
    assert Overlap(least=0.1, mark_radius_px=5).text.endswith("circles of radius 5 pixels")
    scored = localized(tables())
    assert scored.rule == RADIUS.text
    assert scored.note.startswith(f"hit rule: {RADIUS.text}")


def test_a_larger_radius_finds_no_fewer_lesions_and_leaves_no_more_false_marks():
    given = drawn_tables(3)
    made = [localized(given, rule=WithinRadius(radius_px=radius)) for radius in (20, 50, 200, 2000)]
    for reader in (0, 1):
        readings = [scored.study.reading(reader) for scored in made]
        found = [int((reading.lesion_rating > UNMARKED).sum()) for reading in readings]
        false = [reading.nl_case.size for reading in readings]
        assert found == sorted(found)
        assert false == sorted(false, reverse=True)


# --- an AI among readers --------------------------------------------------------------------------


def with_ai(floor=10.0, marks=()):
    readers = [("A", "human", None), ("X", "ai", floor)]
    read = [("A", case, "unaided", "1", "complete") for case in ("C1", "C2")]
    read += [("X", case, "standalone", "1", "complete") for case in ("C1", "C2")]
    return tables(readers=readers, read=read, marks=marks)


def test_an_ai_is_one_more_reader_and_its_floor_is_kept():
    marks = [mark(3, 100, 100), mark(55, 100, 100, reader="X", modality="standalone")]
    scored = localized(with_ai(marks=marks), ai_modality="standalone")
    assert scored.study.readers == ("R1", "CAD")
    assert scored.study.lesion_rating[:, :, 0].tolist() == [[3, 55]]
    assert scored.study.reading(1).export_floor == 10
    assert scored.study.reading(0).export_floor is None
    assert missed_lesions(scored) == ()


def test_an_ai_without_a_floor_is_refused():
    with pytest.raises(ScoringError, match="export_floor, the lowest region score delivered, must"):
        localized(with_ai(floor=None), ai_modality="standalone")
    marks = [mark(5, 100, 100, reader="X", modality="standalone")]
    with pytest.raises(ValueError, match="1 marks of reader CAD lie below its export floor 10"):
        localized(with_ai(marks=marks), ai_modality="standalone")
    with pytest.raises(ScoringError, match="an AI is compared with people in one modality"):
        localized(with_ai(), modalities=("unaided", "aided"), ai_modality="standalone")


# --- weights --------------------------------------------------------------------------------------

TWO = [
    ("C1", "1", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),
    ("C1", "2", "C1-R-CC", 100.0, 100.0, 20.0, None, "mass", 25.0),
]


def weighted(*weights):
    given = tables(lesions=TWO)
    return dataclasses.replace(given, lesions=given.lesions.assign(weight=list(weights)))


def test_weights_are_one_over_lesions_or_add_up_to_one():
    assert localized(tables(lesions=TWO)).study.truth.lesion_weight.tolist() == [0.5, 0.5]
    given = weighted(0.75, 0.25 + 5e-10)
    assert localized(given).study.truth.lesion_weight == pytest.approx([0.75, 0.25])
    by_breast = localized(given, unit="breast")
    assert by_breast.study.truth.lesion_weight.tolist() == [1, 1]
    with pytest.raises(ScoringError, match="lesions: row 1 is of a case whose weights do not add"):
        localized(weighted(0.75, 0.3))
    with pytest.raises(ScoringError, match="lesions: row 1 is of a case whose weights do not add"):
        localized(weighted(-0.5, 1.5))
    with pytest.raises(ScoringError, match="lesions: row 2 has no weight, but others have"):
        localized(weighted(0.75, np.nan))


# --- summaries ------------------------------------------------------------------------------------


def test_groups_by_type_and_by_size():
    scored = localized(tables(lesions=TWO, marks=[mark(1, 100, 100)]))
    assert lesion_groups(scored) == ["mass", "mass"]
    assert lesion_groups(scored, size_edges_mm=[10, 20]) == ["10 to below 20 mm", "20 mm and more"]
    assert lesion_groups(scored, size_edges_mm=[25]) == ["below 25 mm", "25 mm and more"]
    with pytest.raises(ScoringError, match="size_edges_mm must ascend, but got 20, 10"):
        lesion_groups(scored, size_edges_mm=[20, 10])
    bare = tables(lesions=TWO)
    bare = dataclasses.replace(bare, lesions=bare.lesions.drop(columns=["lesion_type", "size_mm"]))
    unknown = localized(bare)
    assert lesion_groups(unknown) == ["not known"] * 2
    assert lesion_groups(unknown, size_edges_mm=[10]) == ["not known"] * 2


def test_lesion_sensitivity_by_group_clusters_on_patients():
    given = drawn_tables(5, n_cases=40, n_marks=400)
    scored = localized(given)
    group = ["odd" if int(name) % 2 else "even" for name in scored.lesion_id]
    estimates = lesion_sensitivity_of_marks(scored, group)
    assert [estimate.label for estimate in estimates] == ["even", "odd"]
    total = sum(estimate.numerator for estimate in estimates)
    assert total == scored.counts.ll
    assert all(estimate.n_clusters <= 20 for estimate in estimates)
    [everything] = lesion_sensitivity_of_marks(scored, ["all"] * len(group), readers=[1])
    assert everything.estimate == pytest.approx(max_llf(scored.study.reading(1)))
    at_budget = lesion_sensitivity_by_group(
        scored.study, group, nl_per_image=0.2, cluster=scored.patient, rng=1
    )
    assert all(row.n_clusters == 20 for row in at_budget)
    assert froc_fom_table(scored.study, cluster=scored.patient).n_clusters == 20
    with pytest.raises(ScoringError, match="group must name a group for each of"):
        lesion_sensitivity_of_marks(scored, ["a"])


def test_distances_of_marks():
    marks = [mark(1, 100, 160), mark(1, 130, 140), mark(1, 9, 9, image="C1-R-CC")]
    scored = localized(tables(marks=marks))
    assert scored.distance_mm == pytest.approx([6.0, 5.0, np.nan], nan_ok=True)
    unscaled = localized(tables(marks=marks, spacing=None))
    assert np.isnan(unscaled.distance_mm).all()
    assert unscaled.distance_px == pytest.approx([60, 50, np.nan], nan_ok=True)


def test_lesions_that_most_readers_missed():
    readers = [(name, "human", None) for name in "ABC"]
    marks = [mark(1, 100, 100), mark(1, 100, 100, image="C1-R-CC")]
    marks.append(mark(2, 100, 100, reader="B", image="C1-R-CC"))
    scored = localized(tables(readers=readers, lesions=TWO, marks=marks))
    [missed] = missed_lesions(scored)
    assert (missed.case_id, missed.lesion_id, missed.n_missed, missed.n_readers) == (
        "C1",
        "1",
        2,
        3,
    )
    assert [each.n_missed for each in missed_lesions(scored, least_share=0)] == [2, 1]
    assert missed_lesions(scored, readers=[0], least_share=0) == ()
    with pytest.raises(ScoringError, match="there is no reader whose misses could be counted"):
        missed_lesions(scored, readers=[])


# --- as recorded ----------------------------------------------------------------------------------


def recorded_tables(folder):
    """Return the canonical tables of a public free-response study."""
    cases, lesions, marks = (rows(folder / f"{name}.csv") for name in ("cases", "lesions", "marks"))
    readers = sorted({row["reader"] for row in marks})
    modalities = sorted({row["modality"] for row in marks})
    return modalities, MarkTables(
        cases=frame(
            [(row["case"], None, float(row["truth"])) for row in cases],
            ["case_id", "patient_id", "truth"],
        ),
        readers=frame([(reader, "human") for reader in readers], ["reader_id", "kind"]),
        readings=frame(
            [
                (reader, row["case"], modality, "1", "complete")
                for reader in readers
                for row in cases
                for modality in modalities
            ],
            ["reader_id", "case_id", "modality", "session", "status"],
        ),
        lesions=frame(
            [(row["case"], row["lesion"], float(row["weight"])) for row in lesions],
            ["case_id", "lesion_id", "weight"],
        ),
        marks=frame(
            [
                (
                    row["reader"],
                    row["case"],
                    row["modality"],
                    "1",
                    str(number),
                    float(row["rating"]),
                    row["mark_type"],
                    row["lesion"] or None,
                )
                for number, row in enumerate(marks)
            ],
            [
                "reader_id",
                "case_id",
                "modality",
                "session",
                "mark_id",
                "rating",
                "mark_type",
                "lesion_id",
            ],
        ),
    )


@pytest.mark.parametrize("name", ["dataset01", "dataset05"])
def test_recorded_marks_of_public_studies_give_their_figures(reference_data, name):
    folder = reference_data / "data" / name
    modalities, given = recorded_tables(folder)
    scored = localized(given, rule=AsRecorded(), modalities=modalities)
    expected = froc_from_csv(folder)
    ours = froc_fom_table(scored.study, covariance="none").value
    assert ours == pytest.approx(froc_fom_table(expected, covariance="none").value, rel=1e-12)
    assert scored.counts.further == 0
    assert "images are not known" in scored.note
    assert "whose rule is not known here" in scored.note


def recorded(*kinds, case="C1"):
    given = tables(marks=[mark(1, 100, 100, case=case, image=f"{case}-L-CC")] * len(kinds))
    types, lesion = zip(*kinds, strict=True)
    return dataclasses.replace(
        given,
        marks=given.marks.assign(
            mark_type=pd.array(types, dtype="str"), lesion_id=pd.array(lesion, dtype="str")
        ),
    )


def test_recorded_marks_that_contradict_the_lesions_are_refused():
    two = recorded(("LL", "1"), ("LL", "1"))
    assert localized(two, rule=AsRecorded()).counts.further == 1
    for given, message in [
        (recorded((None, None)), "marks: row 1 has no mark_type"),
        (recorded(("NL", None), ("LL", None)), "marks: row 2 is an LL mark without lesion_id"),
        (recorded(("LL", "7")), "marks: row 1 hits a lesion that is not one to be found"),
        (recorded(("LL", "1"), case="C2"), "row 1 is an LL mark on a case without a lesion"),
    ]:
        with pytest.raises(ScoringError, match=message):
            localized(given, rule=AsRecorded())
    with pytest.raises(ScoringError, match="row 1 is an LL mark on a case without a lesion"):
        localized(recorded(("LL", "1"), case="C2"))
    with pytest.raises(
        ScoringError, match="marks as recorded have no place, so they are scored by"
    ):
        localized(two, rule=AsRecorded(), unit="breast")


# --- bad input ------------------------------------------------------------------------------------


def changed(name, **columns):
    """Return good tables of two marks with one table changed."""
    given = tables(marks=[mark(1, 100, 100), mark(2, 300, 300, reader="B")])
    return dataclasses.replace(given, **{name: getattr(given, name).assign(**columns)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (changed("marks", image_id=["C1-L-CC", "C9-L-CC"]), "marks: row 2 has no image that is in"),
        (changed("marks", image_id=["C1-L-CC", None]), "marks: row 2 has no image that is in"),
        (
            changed("marks", image_id=["C2-L-CC", "C1-L-CC"]),
            "marks: row 1 lies on an image of anot",
        ),
        (changed("marks", x_px=[100.0, 801.0]), "marks: row 2 lies outside its image"),
        (changed("marks", y_px=[-1.0, 100.0]), "marks: row 1 lies outside its image"),
        (changed("marks", x_px=[100.0, np.nan]), "marks: row 2 has no place, x_px and y_px"),
        (changed("marks", rating=[np.inf, 1.0]), "marks: row 1 has no finite rating"),
        (changed("marks", rating=[1.0, -np.inf]), "marks: row 2 has no finite rating"),
        (changed("marks", rating=[1.0, np.nan]), "marks: row 2 has no finite rating"),
        (changed("marks", outline=["1,2 3,4", None]), "marks: row 1 has an outline that is no pol"),
        (
            changed("lesions", outline=["a,b c,d e,f"]),
            "lesions: row 1 has an outline that is no po",
        ),
        (changed("lesions", image_id=["C9-L-CC"]), "lesions: row 1 has no image that is in the im"),
        (changed("lesions", x_px=[np.nan]), "lesions: row 1 has no place"),
        (changed("lesions", x_px=[900.0]), "lesions: row 1 lies outside its image"),
        (changed("lesions", case_id=["C2"]), "1 of 1 cases with cancer have no lesion"),
        (changed("cases", truth=[1.0, 1.0]), "1 of 2 cases with cancer have no lesion"),
        (
            changed("readings", status=["missing"] * 4),
            "nobody read to the end in modality 'unaided'",
        ),
        (
            changed("readings", session=["1", "2", "1", "1"]),
            "every reader must have read every case",
        ),
    ],
)
def test_bad_tables_are_refused_by_row(given, message):
    with pytest.raises(ScoringError, match=message):
        localized(given)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (InsideOutline(), "needs an outline of each lesion, but row 1 of lesions has none"),
        (WithinRadius(radius_mm=5), "needs the pixel spacing, but the image of row 1 of marks has"),
        (Overlap(least=0.1), "needs an outline or a radius, but row 1 of marks has neither"),
        (Overlap(least=0.1, mark_radius_mm=5), "needs the pixel spacing"),
    ],
)
def test_rules_refuse_what_they_lack(rule, message):
    with pytest.raises(ScoringError, match=message):
        localized(tables(marks=[mark(1, 100, 100)], spacing=None), rule=rule)


def test_malformed_rules_are_refused():
    for given in ({}, {"radius_mm": 1, "radius_px": 1}, {"radius_mm": 0}, {"radius_px": np.inf}):
        with pytest.raises(ScoringError, match="WithinRadius needs either radius_mm or radius_px"):
            WithinRadius(**given)
    for least in (0, 1.1):
        with pytest.raises(ScoringError, match="least must be above 0 and at most 1"):
            Overlap(least=least)
    with pytest.raises(ScoringError, match="takes mark_radius_mm or mark_radius_px, but got both"):
        Overlap(least=0.1, mark_radius_mm=1, mark_radius_px=1)
    arrow = ["60,60 140,100 60,140 80,100"]
    with pytest.raises(ScoringError, match="the outline of marks row 1 must be convex"):
        localized(outlined(SQUARE, [mark(1, 100, 100)], outline=arrow), rule=Overlap(least=0.1))
    boxes = ["0,0 9,0 9,9 0,9"]
    lesions = [("C1", "1", "C1-L-CC", 100.0, 100.0, np.nan, None, "mass", 12.0)]
    bare = tables(lesions=lesions, marks=[mark(1, 5, 5)])
    bare = dataclasses.replace(bare, marks=bare.marks.assign(outline=boxes))
    with pytest.raises(ScoringError, match="row 1 of lesions has neither"):
        localized(bare, rule=Overlap(least=0.1))


def test_units_need_images_and_their_sides():
    given = tables()
    for unit in ("breast", "image"):
        without = dataclasses.replace(given, images=None)
        with pytest.raises(ScoringError, match="scoring marks by place needs the images table"):
            localized(without, unit=unit)
    lost = dataclasses.replace(given, images=given.images[given.images["case_id"] == "C1"])
    with pytest.raises(
        ScoringError, match="scoring by breast needs the images of every case, but 1"
    ):
        localized(lost, unit="breast")
    one_sided = given.images.assign(laterality=["L", None, *["R"] * 6])
    with pytest.raises(ScoringError, match="scoring by breast needs the laterality of every image"):
        localized(dataclasses.replace(given, images=one_sided), unit="breast")
    with pytest.raises(
        ScoringError, match="unit must be one of exam, breast, image, but got 'view'"
    ):
        localized(given, unit="view")
    twice = pd.concat([given.lesions, given.lesions], ignore_index=True)
    with pytest.raises(ScoringError, match="lesions: row 2 repeats a lesion on the same image"):
        localized(dataclasses.replace(given, lesions=twice))


def test_readings_must_be_crossed_unless_said():
    given = tables(marks=[mark(1, 100, 100), mark(1, 9, 9, case="C2", image="C2-L-CC")])
    fewer = dataclasses.replace(given, readings=given.readings.iloc[:3])
    with pytest.raises(ScoringError, match="1 of 2 cases were not read by all of 2 readers"):
        localized(fewer)
    common = localized(fewer, common_cases=True)
    assert common.study.truth.n_cases == 1
    assert "1 cases that not all readers read were left out" in common.note
    assert common.counts.not_used == 1
    twice = pd.concat([given.readings, given.readings.assign(session="2")], ignore_index=True)
    again = dataclasses.replace(given, readings=twice)
    assert localized(again).study.truth.n_cases == 2
    with pytest.raises(ScoringError, match="4 cases were read more than once by one reader"):
        localized(again, session=None)
    with pytest.raises(ScoringError, match="modalities must be one or more different ones"):
        localized(given, modalities=("unaided", "unaided"))
    with pytest.raises(ScoringError, match="nobody read to the end in modality 'aided'; there are"):
        localized(given, modalities=("unaided", "aided"))


def test_messages_hold_no_identifier():
    secret = "1966-04-03"
    given = tables(
        cases=[(secret, "P1", 1)],
        lesions=[(secret, "1", f"{secret}-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0)],
        marks=[mark(1, 900, 900, case=secret, image=f"{secret}-L-CC")],
    )
    with pytest.raises(ScoringError) as error:
        localized(given)
    assert secret not in str(error.value)


def test_a_million_marks_take_seconds():
    draw = np.random.default_rng(1)
    n_cases, n_marks = 500, 1_000_000
    cases = [(f"C{number}", None, int(number % 2)) for number in range(n_cases)]
    lesions = [
        (case, "1", f"{case}-L-CC", 400.0, 500.0, 30.0, None, "mass", 9.0)
        for case, _, truth in cases
        if truth
    ]
    given = tables(cases=cases, lesions=lesions)
    case = np.array([each[0] for each in cases])[draw.integers(0, n_cases, n_marks)]
    reader = np.array(["A", "B"])[draw.integers(0, 2, n_marks)]
    x, y = draw.uniform(0, 800, n_marks), draw.uniform(0, 1000, n_marks)
    marks = pd.DataFrame(
        {
            "reader_id": pd.array(reader, dtype="str"),
            "case_id": pd.array(case, dtype="str"),
            "modality": "unaided",
            "session": "1",
            "rating": draw.normal(size=n_marks),
            "image_id": pd.array(np.char.add(case, "-L-CC"), dtype="str"),
            "x_px": x,
            "y_px": y,
        }
    )
    start = time.perf_counter()
    scored = localized(dataclasses.replace(given, marks=marks))
    assert time.perf_counter() - start < 30
    hit = np.hypot(x - 400, y - 500) <= 50
    sick = np.isin(case, [each[0] for each in lesions])
    assert scored.counts.nl == int((~(hit & sick)).sum())
    assert list(itertools.islice(scored.study.readers, 2)) == ["R1", "R2"]
