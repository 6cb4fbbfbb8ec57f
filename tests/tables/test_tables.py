"""The canonical tables: definitions, typing of cells, and the rules of one table."""

import datetime
import pickle
import subprocess
import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest

from toolkit.tables import (
    TABLES,
    Column,
    Fault,
    RefusedCell,
    TableError,
    check_table,
    did_you_mean,
    form_of,
    shown,
    table_definition,
)

CANARY = "Nguyễn0073"


def faults_of(frame, name, **choices):
    """Return the error that a table must raise."""
    with pytest.raises(TableError) as caught:
        check_table(pd.DataFrame(frame), name, **choices)
    return caught.value


def cases(**columns):
    return {"case_id": ["007", "008", "009"], "truth": ["1", "0", ""], **columns}


def readings(**columns):
    return {
        "reader_id": ["R1", "R1", "R2"],
        "case_id": ["007", "008", "007"],
        "modality": ["unaided"] * 3,
        "rating": ["10", "20.5", "30"],
        **columns,
    }


# Definitions


def test_definitions_have_descriptions_and_keys_of_required_columns():
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        assert all(table.column(name).required for name in table.key)
        assert all(column.description for column in table.columns)


def test_definitions_withhold_identifiers_dates_and_paths():
    for table in TABLES.values():
        for column in table.columns:
            is_id = column.name.endswith("_id") or column.name in ("path", "sha256")
            assert column.identifying == (is_id or column.kind == "date"), column.name


def test_definitions_give_a_closed_vocabulary_only_to_categories():
    columns = [column for table in TABLES.values() for column in table.columns]
    assert all(column.kind == "category" for column in columns if column.allowed)


def test_table_definition_refuses_an_unknown_table():
    with pytest.raises(
        ValueError, match=r"must be one of cases.*'reading'; did you mean 'readings"
    ):
        table_definition("reading")
    with pytest.raises(ValueError, match=r"but got 'xyz'$"):
        table_definition("xyz")


def test_importing_tables_and_results_imports_no_pandas():
    code = "import sys, toolkit.results, toolkit.tables; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# What a checked table is


def test_check_table_types_every_kind_of_column():
    table = check_table(
        pd.DataFrame(
            cases(
                age_years=["50", "51.5", ""],
                density=["A", "", "D"],
                exam_date=["2024-05-06", "2024-05-06 14:30", ""],
                recalled=["1", "0.0", "TRUE"],
            )
        ),
        "cases",
    )
    assert table["case_id"].dtype == "str"
    assert table["density"].dtype == "str"
    assert table["truth"].dtype == np.float64
    assert table["exam_date"].dtype == "datetime64[ns]"
    assert table["exam_date"].tolist()[:2] == [
        pd.Timestamp("2024-05-06"),
        pd.Timestamp("2024-05-06 14:30"),
    ]
    assert table["recalled"].tolist() == [1.0, 0.0, 1.0]
    assert table.iloc[2][["truth", "age_years", "exam_date"]].isna().all()


def test_check_table_keeps_leading_zeros():
    assert check_table(pd.DataFrame(cases()), "cases")["case_id"].tolist() == ["007", "008", "009"]


def test_check_table_turns_numbers_into_the_identifiers_that_one_reads():
    frame = pd.DataFrame({"case_id": [7.0, 8.0], "truth": [1, 0]})
    assert check_table(frame, "cases")["case_id"].tolist() == ["7", "8"]
    frame = pd.DataFrame({"case_id": np.array([7, 8]), "truth": [True, False]})
    table = check_table(frame, "cases")
    assert table["case_id"].tolist() == ["7", "8"]
    assert table["truth"].tolist() == [1.0, 0.0]


def test_check_table_compares_identifiers_in_nfc():
    composed, decomposed = (unicodedata.normalize(form, "Hồng") for form in ("NFC", "NFD"))
    assert composed != decomposed
    table = check_table(pd.DataFrame({"case_id": [decomposed], "truth": ["0"]}), "cases")
    assert table["case_id"].tolist() == [composed]
    error = faults_of({"case_id": [composed, decomposed], "truth": ["0", "0"]}, "cases")
    assert "key (case_id) repeats 2 times, rows 2, 3" in str(error)


def test_check_table_orders_columns_and_leaves_out_absent_optional_ones():
    table = check_table(pd.DataFrame(dict(reversed(cases().items()))), "cases")
    assert list(table.columns) == ["case_id", "patient_id", "truth", "truth_source"]
    assert table["patient_id"].isna().all()


def test_check_table_fills_session_and_status():
    table = check_table(pd.DataFrame(readings()), "readings")
    assert table["session"].tolist() == ["1"] * 3
    assert table["status"].tolist() == ["complete"] * 3
    assert table["call"].isna().all()
    table = check_table(pd.DataFrame(readings(session=["2", "", "1"])), "readings")
    assert table["session"].tolist() == ["2", "1", "1"]


def test_check_table_accepts_its_own_result():
    table = check_table(pd.DataFrame(cases(exam_date=["2024-05-06", "", ""])), "cases")
    pd.testing.assert_frame_equal(check_table(table, "cases"), table)


def test_check_table_accepts_a_table_without_rows():
    table = check_table(pd.DataFrame({"case_id": [], "truth": []}), "cases")
    assert len(table) == 0
    assert table["case_id"].dtype == "str"
    assert table["truth"].dtype == np.float64


def test_check_table_keeps_nanoseconds_and_dates_of_other_types():
    moment = pd.Timestamp("2024-05-06 01:02:03.123456789")
    frame = readings(read_at=[moment, datetime.date(2024, 5, 7), np.datetime64("2024-05-08")])
    table = check_table(pd.DataFrame(frame), "readings")
    assert table["read_at"].tolist() == [
        moment,
        pd.Timestamp("2024-05-07"),
        pd.Timestamp("2024-05-08"),
    ]


def test_check_table_zero_failed_and_missing_are_three_things():
    frame = readings(rating=["0", "", ""], status=["complete", "failed", "missing"])
    table = check_table(pd.DataFrame(frame), "readings")
    assert table["rating"].iloc[0] == 0
    assert table["rating"].isna().tolist() == [False, True, True]
    assert table["status"].tolist() == ["complete", "failed", "missing"]


# Faults of names


def test_check_table_names_a_missing_column():
    error = faults_of({"truth": ["1"]}, "cases", source="cases.csv")
    assert "cases.csv: case_id must be a column of cases, but there is none" in str(error)
    assert error.faults[0].row is None


def test_check_table_suggests_the_column_that_was_meant():
    error = faults_of(readings(ratting=["1", "2", "3"]), "readings")
    assert "'ratting' is no column of the table readings; did you mean 'rating'?" in str(error)


def test_check_table_withholds_an_unknown_column_name():
    error = faults_of(cases(**{CANARY: ["", "", ""]}), "cases")
    assert "column 3 (name withheld: 10 characters" in str(error)
    assert CANARY not in str(error)
    assert CANARY in str(faults_of(cases(**{CANARY: ["", "", ""]}), "cases", show_values=True))


def test_check_table_refuses_a_column_that_stands_twice():
    frame = pd.DataFrame([["007", "1", "0"]], columns=["case_id", "truth", "truth"])
    assert "truth stands twice among the columns" in str(faults_of(frame, "cases"))


def test_check_table_refuses_places_of_another_length():
    with pytest.raises(ValueError, match="one entry for each of the 3 rows, but got 3 and 2"):
        check_table(pd.DataFrame(cases()), "cases", rows=[2, 3])


# Faults of cells


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("truth", ["2", "0", ""], r"truth '2' must be 0, 1 or missing, row 2; map it under values"),
        ("truth", ["benign", "0", ""], r"truth 'benign' must be 0, 1 or missing"),
        (
            "age_years",
            ["fifty", "", ""],
            r"age_years 'fifty' must be a number, row 2; map it under",
        ),
        ("age_years", ["50,5", "", ""], r"'50,5' must be a number, row 2; declare decimal: ','"),
        (
            "age_years",
            ["inf", "", ""],
            r"'inf' must be a number, row 2; map it under values to a fi",
        ),
        ("age_years", ["1e999", "", ""], r"'1e999' must be a finite number"),
        ("age_years", ["5_0", "", ""], r"'5_0' must be a number"),
        ("age_years", ["5", "", ""], r"age_years '5' must be between 18 and 110, row 2"),
        ("weight", ["-1", "", ""], r"weight '-1' must be at least 0, row 2"),
        ("laterality", ["Left", "", ""], r"laterality 'Left' must be one of L, R, row 2; map it"),
        (
            "indication",
            ["screning", "", ""],
            r"'screning' must be one of .*, row 2; did you mean 'screening'\?",
        ),
        ("exam_date", ["06/05/2024", "", ""], r"must be a date such as 2024-05-31, row 2; declare"),
        ("exam_date", ["2024-02-30", "", ""], r"must be a date of the calendar, row 2"),
        (
            "exam_date",
            ["9999-12-31", "", ""],
            r"must be a date from 1900 to 2199, row 2; if it sta",
        ),
        ("exam_date", ["2024-05-06T10:00Z", "", ""], r"must have no time zone, row 2; give local"),
        (
            "site",
            [" Hanoi", "", ""],
            r"site ' Hanoi' must have no blanks at its ends, row 2; remov",
        ),
        ("site", ["Ha\u200bnoi", "", ""], r"must have no invisible characters, row 2; remove tabs"),
    ],
)
def test_check_table_refuses_a_cell(column, values, message):
    error = faults_of(cases(**{column: values}), "cases")
    assert len(error.faults) == 1
    with pytest.raises(TableError, match=message):
        raise error


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("case_id", datetime.date(2024, 1, 3), "must be text, row 2; store the column as text"),
        ("case_id", True, "must be text"),
        ("case_id", b"x", "must be text"),
        ("case_id", 1e300, "is a number too long to be exact"),
        ("age_years", True, "must be a number"),
        ("age_years", np.inf, "must be a finite number, row 2; map it under values"),
        ("truth", b"1", "must be 0, 1 or missing"),
        ("exam_date", 45000, "must be a date such as 2024-05-31"),
        ("exam_date", pd.Timestamp("2024-05-06", tz="Asia/Bangkok"), "must have no time zone"),
        (
            "exam_date",
            RefusedCell(text="x", rule="is spoilt", remedy="mend it"),
            r"exam_date \(value withheld: 1 character\) is spoilt, row 2; mend it",
        ),
    ],
)
def test_check_table_refuses_a_typed_cell(column, value, message):
    frame = {name: cells[:1] for name, cells in cases().items()}
    frame[column] = pd.Series([value], dtype=object)
    with pytest.raises(TableError, match=message):
        check_table(pd.DataFrame(frame), "cases")


def test_check_table_refuses_a_fraction_where_whole_numbers_stand():
    error = faults_of(readings(position=["1", "2", "1.5"]), "readings")
    assert "position '1.5' must be a whole number, row 4" in str(error)


def test_check_table_refuses_a_missing_key_and_a_missing_required_value():
    error = faults_of({"case_id": ["007", ""], "truth": ["1", "0"]}, "cases")
    assert "case_id must not be missing, row 3" in str(error)
    error = faults_of({"reader_id": ["R1"], "kind": [""]}, "readers")
    assert "kind must not be missing, row 2" in str(error)


def test_check_table_lists_all_faults_with_file_and_row():
    frame = readings(case_id=["007", "", "007"], rating=["1", "2", "high"], call=["yes", "0", "1"])
    error = faults_of(frame, "readings", source=["a.csv", "a.csv", "b.csv"], rows=[14, 58, 3])
    assert str(error).splitlines() == [
        "3 faults",
        "a.csv: case_id must not be missing, row 58",
        "b.csv: rating 'high' must be a number, row 3; map it under values, or name it under "
        "missing",
        "a.csv: call 'yes' must be 0, 1 or missing, row 14; map it under values: "
        "{call: {...: 0, ...: 1}}",
    ]


def test_check_table_gathers_the_rows_of_one_fault():
    frame = {"case_id": [str(number) for number in range(30)], "truth": ["malignant"] * 30}
    fault = faults_of(frame, "cases").faults[0]
    assert fault.rows == tuple(range(2, 22))
    assert fault.n_rows == 30
    assert "rows 2, 3, 4" in str(fault)
    assert "21 and 10 more; map it" in str(fault)


def test_check_table_withholds_many_different_values_of_one_column():
    words = [f"{CANARY}{number}" for number in range(21)]
    error = faults_of({"case_id": range(21), "truth": words}, "cases")
    assert "truth (21 different values withheld) must be 0, 1 or missing, rows 2" in str(error)
    words = [f"{CANARY}{number}" for number in range(1001)]
    error = faults_of({"case_id": range(1001), "truth": words}, "cases", show_values=True)
    assert "(1,001 different values withheld)" in str(error)


# Faults of keys


def test_check_table_names_a_repeated_key_with_its_rows():
    frame = pd.concat([pd.DataFrame(readings())] * 3, ignore_index=True).iloc[[0, 1, 2, 3, 6]]
    error = faults_of(frame, "readings", source="readings.csv", rows=[14, 15, 16, 58, 90])
    assert str(error).splitlines()[1:] == [
        "readings.csv: key (reader_id, case_id, modality, session) repeats 3 times, rows 14, 58, 90"
    ]


def test_check_table_names_a_key_that_repeats_in_two_files():
    error = faults_of(
        {"case_id": ["1", "1"], "truth": ["0", "0"]}, "cases", source=["a.csv", "b.csv"]
    )
    assert [(fault.file, fault.row) for fault in error.faults] == [("a.csv", 2), ("b.csv", 3)]


def test_check_table_sums_up_many_repeated_keys():
    frame = {"case_id": [*range(50), *range(50)], "truth": ["0"] * 100}
    error = faults_of(frame, "cases")
    assert len(error.faults) == 21
    assert "key (case_id) repeats for 30 further keys, rows 22, 23" in str(error)


def test_check_table_does_not_call_refused_keys_repeated():
    error = faults_of({"case_id": [" 1", " 1", " 1"], "truth": ["0"] * 3}, "cases")
    assert [fault.rule for fault in error.faults] == ["must have no blanks at its ends"]


# Rules over several columns


def test_check_table_refuses_a_complete_reading_without_a_result():
    error = faults_of(readings(rating=["1", "", "2"]), "readings")
    assert "status is complete, so there must be a rating, a call or a birads, row 3" in str(error)
    check_table(pd.DataFrame(readings(rating=["1", "", "2"], birads=["", "4A", ""])), "readings")


def test_check_table_refuses_a_failed_reading_with_a_score():
    error = faults_of(
        readings(rating=["1", "0", ""], call=["1", "", "0"], status=["", "failed", "missing"]),
        "readings",
    )
    assert "rating must be missing where status is failed or missing, row 3; a reading" in str(
        error
    )
    assert "call must be missing where status is failed or missing, row 4" in str(error)


def test_check_table_says_nothing_more_about_a_row_with_a_refused_cell():
    error = faults_of(readings(rating=["1", "0,5", "2"]), "readings")
    assert [fault.column for fault in error.faults] == ["rating"]


def test_check_table_wants_patients_for_all_cases_or_for_none():
    error = faults_of(cases(patient_id=["P1", "", "P2"]), "cases")
    assert "patient_id must be given for all cases or for none, row 3; fill it" in str(error)


def test_check_table_refuses_a_cancer_known_long_before_the_examination():
    columns = {"exam_date": ["2024-06-01"] * 3, "cancer_date": ["2024-03-02", "2024-03-03", ""]}
    error = faults_of(cases(**columns), "cases")
    assert "cancer_date must not be more than 90 days before exam_date, row 2" in str(error)
    assert error.faults[0].n_rows == 1  # 3 March is 90 days before 1 June


def test_check_table_refuses_a_scale_without_range():
    ai = {"reader_id": ["AI"], "kind": ["ai"], "score_min": ["1"], "score_max": ["1"]}
    assert "score_min must be below score_max, row 2" in str(faults_of(ai, "readers"))


def test_check_table_refuses_a_lesion_of_a_non_lesion_localization():
    marks = readings(
        mark_id=["1", "2", "3"], mark_type=["LL", "NL", "NL"], lesion_id=["1", "1", ""]
    )
    error = faults_of(marks, "marks")
    assert "lesion_id must be missing for a mark of type NL, which hits no lesion, row 3" in str(
        error
    )


def lesions(**columns):
    return {"case_id": ["007", "007", "008"], "lesion_id": ["1", "1", "1"], **columns}


def test_check_table_takes_a_lesion_on_several_images():
    table = check_table(
        pd.DataFrame(lesions(image_id=["a", "b", "c"], size_mm=["12", "12", "8"])), "lesions"
    )
    assert table["image_id"].tolist() == ["a", "b", "c"]


def test_check_table_takes_one_row_a_lesion_without_an_image():
    check_table(pd.DataFrame({"case_id": ["007", "007"], "lesion_id": ["1", "2"]}), "lesions")


@pytest.mark.parametrize("images", [{}, {"image_id": ["a", "a", "c"]}])
def test_check_table_refuses_a_lesion_twice_in_one_place(images):
    error = faults_of(lesions(**images), "lesions")
    assert "repeats 2 times, rows 2, 3" in str(error)


def test_check_table_refuses_a_lesion_with_and_without_an_image():
    error = faults_of(lesions(image_id=["a", "", "c"]), "lesions")
    assert "image_id must be given in every row of a lesion that has several, row 3" in str(error)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("size_mm", ["12", "13", "8"]),
        ("lesion_type", ["mass", "", ""]),
        ("weight", ["1", ".5", "1"]),
    ],
)
def test_check_table_refuses_rows_of_a_lesion_that_disagree(column, values):
    error = faults_of(lesions(image_id=["a", "b", "c"], **{column: values}), "lesions")
    assert f"{column} must be the same in all rows of one lesion, rows 2, 3" in str(error)


# What a message shows


def test_form_of_describes_without_showing():
    assert form_of("7") == "1 character, digits only"
    assert form_of(" 07 ") == "4 characters, blank at an end"
    assert form_of("00123456") == "8 characters, leading zero, digits only"
    assert form_of("Hồng") == "4 characters, letters beyond A to Z"


@pytest.mark.parametrize(
    "value",
    ["12345678", "06/05/2024", "2024-05-06", "090 123 4567", "1.2.840.1", "a@b.vn", "x" * 25],
)
def test_shown_withholds_what_looks_identifying_in_any_column(value):
    assert "value withheld" in shown(value, identifying=False, show_values=False)
    assert shown(value, identifying=False, show_values=True) == repr(value)


@pytest.mark.parametrize("value", ["benign", "vú phải", "0,75", "0.123456789", "-1", "4A"])
def test_shown_shows_what_must_be_mapped(value):
    assert shown(value, identifying=False, show_values=False) == repr(value)
    assert "value withheld" in shown(value, identifying=True, show_values=False)


def test_did_you_mean_is_silent_without_a_close_word():
    assert did_you_mean("xyz", ["rating"]) == ""
    assert did_you_mean("RATING", ["rating"]) == "did you mean 'rating'?"


@pytest.mark.parametrize("name", list(TABLES))
def test_no_message_holds_an_identifier_by_default(name):
    definition = TABLES[name]
    spoilt = {column.name: [f" {CANARY}", f" {CANARY}"] for column in definition.columns}
    identifying = [column.name for column in definition.columns if column.identifying]
    shown_columns = {column: cells for column, cells in spoilt.items() if column in identifying}
    required = [column for column in definition.columns if column.required]
    frame = {**{column.name: ["1", "1"] for column in required}, **shown_columns}
    error = faults_of(frame, name)
    assert {fault.column for fault in error.faults} >= set(identifying)
    for text in (str(error), repr(error), *(fault.value for fault in error.faults)):
        assert CANARY not in text
    assert str(faults_of(frame, name, show_values=True)).count(CANARY) >= len(identifying)


def test_table_error_survives_pickling():
    error = faults_of(cases(truth=["2", "0", "1"]), "cases")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
    assert str(again) == str(error)
    assert again.faults == error.faults


def test_fault_is_one_line_with_and_without_a_place():
    fault = Fault(file="", row=None, column="truth", value="", rule="must be known")
    assert str(fault) == "truth must be known"
    fault = Fault(file="a.csv", row=3, column="truth", value="'2'", rule="must be 0 or 1")
    assert str(fault) == "a.csv: truth '2' must be 0 or 1, row 3"


def test_column_lookup_refuses_an_unknown_name():
    assert isinstance(TABLES["cases"].column("truth"), Column)
    with pytest.raises(KeyError, match="trth"):
        TABLES["cases"].column("trth")


def test_check_table_withholds_a_whole_column_where_one_value_looks_identifying():
    error = faults_of(cases(site=[" Hanoi", " 0012345678", "Hue"]), "cases")
    assert "site (value withheld: 6 characters, blank at an end)" in str(error)
    assert "Hanoi" not in str(error)
