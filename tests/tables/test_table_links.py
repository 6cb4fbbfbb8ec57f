"""Checks across the tables of one part of a study."""

import numpy as np
import pandas as pd
import pytest

from toolkit.tables import TableData, TableError, check_links, check_table

CASES = {
    "case_id": ["C1", "C2", "C3", "C4"],
    "truth": ["1", "0", "1", "0"],
    "exam_date": ["2024-05-06 10:00", "2024-05-06", "2024-05-06", ""],
    "laterality": ["L", "R", "", "L"],
}
READERS = {
    "reader_id": ["R1", "R2", "AI"],
    "kind": ["human", "human", "ai"],
    "product": ["", "", "P"],
    "version": ["", "", "1.10"],
    "score_min": ["", "", "0"],
    "score_max": ["", "", "100"],
    "score_kind": ["", "", "exam"],
}
READINGS = {
    "reader_id": ["R1", "R1", "R2", "R2", "AI", "AI"],
    "case_id": ["C1", "C2", "C1", "C2", "C1", "C2"],
    "modality": ["unaided"] * 4 + ["standalone"] * 2,
    "rating": ["60", "20", "110", "-5", "100", "0"],
}
IMAGES = {"image_id": ["I1", "I2"], "case_id": ["C1", "C2"], "laterality": ["L", "R"]}
LESIONS = {"case_id": ["C1"], "lesion_id": ["1"], "image_id": ["I1"]}
MARKS = {
    "reader_id": ["R1", "AI"],
    "case_id": ["C1", "C2"],
    "modality": ["unaided", "standalone"],
    "mark_id": ["1", "1"],
    "rating": ["60", "500"],
    "image_id": ["I1", "I2"],
    "lesion_id": ["1", ""],
}


def study(**changed):
    """Return the tables of a sound study, with columns of some tables replaced."""
    tables = {
        "cases": CASES,
        "readers": READERS,
        "readings": READINGS,
        "images": IMAGES,
        "lesions": LESIONS,
        "marks": MARKS,
    }
    return {
        name: table_data({**columns, **changed.get(name, {})}, name)
        for name, columns in tables.items()
    }


def table_data(columns, name):
    frame = check_table(pd.DataFrame(columns), name)
    return TableData(
        frame=frame,
        files=np.full(len(frame), f"{name}.csv", dtype=object),
        rows=np.arange(2, len(frame) + 2),
    )


def faults_of(tables, **choices):
    with pytest.raises(TableError) as caught:
        check_links(tables, **choices)
    return str(caught.value).splitlines()[1:]


def test_check_links_accepts_a_sound_study_and_no_tables():
    check_links(study())
    check_links({})


@pytest.mark.parametrize("name", ["readings", "marks", "lesions", "images"])
def test_check_links_needs_the_table_that_is_pointed_at(name):
    tables = {name: study()[name]}
    assert f"table {name} needs the table cases, but this part has none" in faults_of(tables)


def test_check_links_does_not_need_readings_images_or_lesions_for_marks():
    tables = study()
    for name in ("readings", "images", "lesions"):
        del tables[name]
    check_links(tables)


def test_check_links_refuses_an_unknown_case_and_an_unknown_reader():
    changed = {
        "case_id": ["C1", "C2", "C1", "C007", "C1", "C2"],
        "reader_id": ["R1", "R1", "R2", "R2", "AI", "R9"],
    }
    tables = study(readings=changed)
    del tables["marks"]
    faults = faults_of(tables)
    withheld = "(value withheld: 4 characters)"
    assert f"readings.csv: case_id {withheld} must be in the table cases, row 5" in faults
    withheld = "(value withheld: 2 characters)"
    assert f"readings.csv: reader_id {withheld} must be in the table readers, row 7" in faults
    faults = faults_of(tables, show_values=True)
    assert "readings.csv: case_id 'C007' must be in the table cases, row 5" in faults


def test_check_links_compares_identifiers_as_text():
    changed = {"case_id": ["01", "C2", "C3", "C4"]}
    tables = study(cases=changed)
    assert any("case_id (value withheld: 2" in fault for fault in faults_of(tables))


@pytest.mark.parametrize(
    ("name", "column", "values", "message"),
    [
        ("marks", "case_id", ["C2", "C2"], "image_id 'I1' must be in the table images, together"),
        ("marks", "case_id", ["C3", "C2"], "case_id 'C3' must be in the table readings, together"),
        ("marks", "lesion_id", ["2", ""], "lesion_id '2' must be in the table lesions, together"),
        ("marks", "reader_id", ["R7", "AI"], "reader_id 'R7' must be in the table readers, row 2"),
        ("lesions", "image_id", ["I2"], "image_id 'I2' must be in the table images, together with"),
        ("lesions", "case_id", ["C9"], "case_id 'C9' must be in the table cases, row 2"),
        ("images", "case_id", ["C1", "C9"], "case_id 'C9' must be in the table cases, row 3"),
    ],
)
def test_check_links_refuses_a_row_that_points_at_nothing(name, column, values, message):
    faults = faults_of(study(**{name: {column: values}}), show_values=True)
    assert any(message in fault for fault in faults)


@pytest.mark.parametrize("column", ["product", "version", "score_min", "score_max", "score_kind"])
def test_check_links_wants_an_ai_to_be_described(column):
    message = f"readers.csv: {column} must be given for a reader of kind ai, row 4"
    assert message in faults_of(study(readers={column: ["", "", ""]}))
    tables = study()
    readers = {name: cells for name, cells in READERS.items() if name != column}
    assert message in faults_of({**tables, "readers": table_data(readers, "readers")})


def test_check_links_refuses_an_ai_rating_outside_its_scale():
    faults = faults_of(study(readings={"rating": ["60", "20", "1", "2", "100.5", "-1"]}))
    rule = "must lie within the AI's declared scale, 0 to 100"
    assert [fault.split(";")[0] for fault in faults] == [
        f"readings.csv: rating '100.5' {rule}, row 6",
        f"readings.csv: rating '-1' {rule}, row 7",
    ]
    assert "say status: failed and leave rating empty" in faults[0]


def test_check_links_checks_marks_against_the_scale_of_regions_only():
    check_links(study())  # the AI scores examinations; a mark of 500 is on another scale
    faults = faults_of(study(readers={"score_kind": ["", "", "region"]}))
    assert faults[0].startswith("marks.csv: rating '500' must lie within the AI's declared scale")


def test_check_links_refuses_a_reader_with_one_truth_only():
    changed = {"case_id": ["C1", "C3", "C4", "C2", "C1", "C2"]}
    tables = study(readings=changed)
    del tables["marks"]
    faults = faults_of(tables, show_values=True)
    assert faults == [
        "readings.csv: reader_id 'R1' read no case without cancer in modality 'unaided', row 2; "
        "leave the reader out; routine double reading has a position in each row",
        "readings.csv: reader_id 'R2' read no case with cancer in modality 'unaided', row 4; "
        "leave the reader out; routine double reading has a position in each row",
    ]
    assert "'R1'" not in "".join(faults_of(tables))


@pytest.mark.parametrize(
    ("readings", "cases"),
    [
        ({"rating": ["", "", "1", "2", "3", "4"], "call": ["1", "1", "", "", "", ""]}, {}),
        ({"position": ["1", "2", "", "", "", ""]}, {}),
        ({}, {"truth": ["1", "0", "", "0"]}),
        ({}, {"truth": ["1", "1", "1", "1"]}),
    ],
    ids=["calls only", "routine double reading", "truth still unknown", "one truth in the study"],
)
def test_check_links_accepts_one_truth_where_no_curve_is_wanted(readings, cases):
    changed = {"case_id": ["C1", "C3", "C1", "C2", "C1", "C2"], **readings}
    tables = study(readings=changed, cases=cases)
    del tables["marks"]
    check_links(tables)


def test_check_links_refuses_a_reading_before_the_examination():
    read_at = ["2024-05-05", "2024-05-06", "", "", "", ""]
    faults = faults_of(study(readings={"read_at": read_at}))
    assert faults == [
        "readings.csv: read_at must not be before the exam_date of its case, row 2; "
        "check date_order for swapped days and months"
    ]
    # A reading on the day of the examination has often no time of day.
    check_links(study(readings={"read_at": ["2024-05-06", *read_at[1:]]}))


def test_check_links_refuses_an_image_of_the_other_breast():
    faults = faults_of(study(images={"laterality": ["L", "L"]}))
    assert faults == ["images.csv: laterality must be the laterality of its case, row 3"]
    check_links(study(images={"laterality": ["L", ""]}))
