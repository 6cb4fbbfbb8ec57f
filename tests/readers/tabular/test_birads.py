"""BI-RADS is an assessment with a 0 that has no rank: it is no rating unless somebody says how."""

import pytest

from toolkit.readers.tabular.sources import TableSource, read_table
from toolkit.tables import TableError

FIXED = {"reader_id": "R", "modality": "unaided"}
REMEDY = "map it to birads, or say under values what each category is, 0 among them"


def read(folder, header, cells, **entry):
    """Read one column of a file of readings as whatever an entry maps it to."""
    rows = "".join(f"c{number},{cell}\n" for number, cell in enumerate(cells))
    (folder / "t.csv").write_text(f"case,{header}\n{rows}")
    columns = {"case_id": "case", **entry.pop("columns")}
    source = TableSource(file="t.csv", columns=columns, constants=FIXED, **entry)
    return read_table("readings", [source], folder=folder).frame


def faults(folder, header, cells, **entry):
    with pytest.raises(TableError) as caught:
        read(folder, header, cells, **entry)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "header", ["birads", "BIRADS", "bi_rads", "BI-RADS", "BI RADS (R)", "r1_birads_right"]
)
@pytest.mark.parametrize("name", ["rating", "call"])
def test_a_column_that_is_called_birads_is_no_rating_and_no_call(tmp_path, header, name):
    (fault,) = faults(tmp_path, header, [0, 1, 1, 0], columns={name: header})
    assert fault == (
        f"t.csv: {name!r} is BI-RADS ({header!r}), whose 0 (incomplete) is no lowest degree; "
        f"{REMEDY}"
    )


def test_a_column_that_is_mapped_to_birads_as_well_is_no_rating(tmp_path):
    columns = {"rating": "level", "birads": "level"}
    assert REMEDY in faults(tmp_path, "level", [0, 1, 5], columns=columns)[0]


@pytest.mark.parametrize("cells", [["4A", "2", "0"], ["BI-RADS 4", "BIRADS:0"], ["4c", "5"]])
def test_a_column_that_spells_birads_is_no_rating_whatever_its_name(tmp_path, cells):
    (fault,) = faults(tmp_path, "level", cells, columns={"rating": "level"})
    assert "is BI-RADS ('level')" in fault
    assert REMEDY in fault


@pytest.mark.parametrize("header", ["rating", "suspicion", "score_0_5", "birds", "grade"])
def test_an_honest_scale_from_0_to_5_is_a_rating(tmp_path, header):
    frame = read(tmp_path, header, [0, 1, 2, 3, 4, 5], columns={"rating": header})
    assert frame["rating"].tolist() == [0, 1, 2, 3, 4, 5]


def test_birads_is_a_rating_where_the_value_map_says_what_0_is(tmp_path):
    order = {"rating": {"0": "3.5", "4A": "4.1"}}
    frame = read(
        tmp_path, "birads", ["0", "2", "4A", "5"], columns={"rating": "birads"}, values=order
    )
    assert frame["rating"].tolist() == [3.5, 2, 4.1, 5]


def test_birads_is_a_call_where_the_value_map_says_what_0_is(tmp_path):
    calls = {"call": {"0": "1", "4": "1", "5": "1", "*": "0"}}
    columns = {"call": "BI-RADS", "birads": "BI-RADS"}
    frame = read(tmp_path, "BI-RADS", ["0", "1", "2", "5"], columns=columns, values=calls)
    assert frame["call"].tolist() == [1, 0, 0, 1]
    assert frame["birads"].tolist() == ["0", "1", "2", "5"]


def test_birads_whose_0_is_no_rating_is_one(tmp_path):
    columns = {"rating": "birads", "birads": "birads"}
    frame = read(tmp_path, "birads", ["0", "2", "5"], columns=columns, values={"rating": {"0": ""}})
    assert frame["rating"].fillna(-1).tolist() == [-1, 2, 5]


def test_a_value_map_that_leaves_0_out_says_nothing(tmp_path):
    entry = {"columns": {"rating": "birads"}, "values": {"rating": {"6": "5"}}}
    assert REMEDY in faults(tmp_path, "birads", [1, 6], **entry)[0]
