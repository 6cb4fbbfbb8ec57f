"""Content trees: paths as the standard counts them, and references that cannot mislead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sr_samples import code, image, item, reference, shape
from toolkit.demo.dicom.content import _walk
from toolkit.readers.dicom.reports.tree import ancestors, code_of, content_tree
from toolkit.readers.dicom.reports.tree import code as canonical


def tree_of(*children):
    return content_tree(item("CONTAINER", "111036", *children))


def faults(tree):
    return [(one.where, one.reason) for one in tree.bad_references]


def test_items_have_the_paths_that_the_standard_counts():
    tree = tree_of(item("TEXT"), item("CONTAINER", None, item("TEXT"), item("TEXT")))
    assert [found.where for found in tree.items.values()] == ["1", "1.1", "1.2", "1.2.1", "1.2.2"]
    assert [above.where for above in ancestors(tree.items[1, 2, 1])] == ["1.2", "1"]


def test_paths_are_those_of_the_writer():
    """The writer of the simulated reports counts on its own."""
    from tests.sr_samples import EXAM, IMAGES
    from toolkit.demo.dicom.cad_plan import CadPlan, Finding
    from toolkit.demo.dicom.cad_sr import cad_report

    dataset = cad_report(EXAM, CadPlan(images=IMAGES, findings=(Finding(),)))
    expected = {tuple(path) for _, path in _walk(dataset, [1])}

    def plain(one):
        inner = tuple(plain(child) for child in one.get("ContentSequence", ()))
        return {"ContentSequence": inner} if inner else {}

    assert set(content_tree(plain(dataset)).items) == expected


def test_reference_leads_to_its_item_over_the_whole_tree():
    library = item("CONTAINER", "111028", image("1.2.3.7", by="CONTAINS"))
    tree = tree_of(shape("POINT", 1.0, 2.0, source=reference(1, 2, 1)), library)
    [(relationship, found)] = tree.children(tree.items[1, 1])
    assert (relationship, found.where, found.value_type) == ("SELECTED FROM", "1.2.1", "IMAGE")
    assert not tree.bad_references


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        (reference(1, 9), "the path leads to no item of this report"),
        (reference(2, 1), "the path leads to no item of this report"),
        (reference(1, 1), "the path leads to an item that is no image"),
        (reference(1, 3), "the path leads to another reference"),
        (reference(1, 1, by="CONTAINS"), "this relationship may not go by reference"),
    ],
)
def test_bad_reference_is_listed_and_leads_nowhere(child, reason):
    holder = item("SCOORD", None, child)
    tree = tree_of(item("TEXT"), holder, reference(1, 1, by="INFERRED FROM"))
    assert list(tree.children(tree.items[1, 2])) == []
    assert faults(tree) == [("1.2.1", reason)]


def test_reference_to_an_ancestor_is_cut():
    tree = tree_of(item("CODE", None, item("CODE", None, reference(1, 1, by="INFERRED FROM"))))
    assert faults(tree) == [("1.1.1.1", "leads back to where it came from")]


def test_circle_of_two_references_is_cut_once():
    one = item("CODE", None, reference(1, 2, by="INFERRED FROM"))
    two = item("CODE", None, reference(1, 1, by="INFERRED FROM"))
    tree = tree_of(one, two)
    assert faults(tree) == [("1.2.1", "leads back to where it came from")]
    assert [found.where for _, found in tree.children(tree.items[1, 1])] == ["1.2"]


@st.composite
def trees(draw, depth=0):
    children = []
    for _ in range(draw(st.integers(0, 4 if depth < 3 else 0))):
        if draw(st.booleans()):
            path = draw(st.lists(st.integers(0, 5), max_size=4).map(tuple))
            children.append(reference(1, *path, by=draw(st.sampled_from(RELATIONSHIPS))))
        else:
            children.append(draw(trees(depth=depth + 1)))
    return item(draw(st.sampled_from(["IMAGE", "CODE", "NUM", ""])), None, *children)


RELATIONSHIPS = ["INFERRED FROM", "HAS PROPERTIES", "SELECTED FROM", "CONTAINS"]


@given(trees())
@settings(max_examples=300, deadline=None)
def test_walk_over_any_tree_and_its_references_ends(values):
    tree = content_tree(values)
    bad = {one.where for one in tree.bad_references}
    references = [one for one in tree.items.values() if one.target is not None]

    heights = {}

    def height(one, above):
        assert one.path not in above
        if one.path not in heights:
            below = [height(inner, above | {one.path}) for _, inner in tree.children(one)]
            heights[one.path] = 1 + max(below, default=0)
        return heights[one.path]

    height(tree.root, frozenset())
    reached = sum(len(list(tree.children(one))) for one in tree.items.values())
    assert reached == len(tree.items) - 1 - len(bad)  # each child once, bad references never
    assert bad <= {one.where for one in references}


@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM"])
def test_older_snomed_codes_are_one_with_snomed_ct(scheme):
    assert code_of(code("F-01796", scheme)) == code_of(code("129793001", "SCT"))


def test_older_snomed_codes_are_those_of_pydicom():
    from pydicom.sr._snomed_dict import mapping

    from toolkit.readers.dicom.reports.tree import _SNOMED_CT

    assert {older: mapping["SRT"][older] for older in _SNOMED_CT} == _SNOMED_CT


def test_codes_are_matched_by_value_and_scheme_never_by_meaning():
    """Pitfall 2: pydicom's own meaning of 111034 holds a zero-width space."""
    sequence = (code("111034")[0] | {"CodeMeaning": "Impression/\u200bRecommendation"},)
    assert code_of(sequence) == ("111034", "DCM")
    assert code_of(code("111034", "99DEMO")) != ("111034", "DCM")
    assert canonical("X-99999", "SNM3") == ("X-99999", "SRT")
    assert code_of(()) is None
    assert code_of(None) is None
    assert code_of(({"CodeMeaning": "no value"},)) is None
    assert code_of(({"LongCodeValue": "a" * 20, "CodingSchemeDesignator": "X"},)) == ("a" * 20, "X")
