"""The case viewer and its fixed twin."""

from __future__ import annotations

import pytest

from tests.dicom_files import EXAM
from toolkit.explore import CaseView, ViewMark, case_viewer, gallery_page
from toolkit.readers.dicom.pixels import load_image
from toolkit.study.demo_dicom.images import ImagePlan, mammogram
from toolkit.study.demo_dicom.write import encoded


@pytest.fixture
def views(tmp_path):
    made = []
    for side, view in (("L", "MLO"), ("R", "CC"), ("L", "CC")):
        path = tmp_path / f"{side}{view}.dcm"
        path.write_bytes(encoded(mammogram(EXAM, ImagePlan(laterality=side, view=view))))
        marks = (ViewMark(x=10, y=12, role="ai", label="87"), ViewMark(x=9, y=9, role="aided"))
        made.append(CaseView(image=load_image(path), marks=marks if side == "R" else ()))
    return made


def test_views_hang_in_order_and_absent_ones_say_so(views):
    page = gallery_page([views])
    places = [page.index(t) for t in ("R CC mammo", "L CC mammo", "R MLO: no picture", "L MLO m")]
    assert places == sorted(places)
    assert page.count("<rect") == 1
    assert page.count("<circle") == 1
    assert "http" not in page
    assert EXAM.study_uid not in page


def test_two_pictures_for_one_place_are_refused(views):
    with pytest.raises(ValueError, match="one picture of R CC, got 2; choose one"):
        gallery_page([[*views, views[1]]])


def test_an_unknown_role_is_refused():
    with pytest.raises(ValueError, match="role must be one of ai, unaided, aided, got 'x'"):
        ViewMark(x=1, y=1, role="x")


def test_the_viewer_steps_and_changes_the_window(views):
    viewer = case_viewer([views, views[:1]])
    (back, onward, case, invert), (level, _, zoom) = (bar.children for bar in viewer.children[:2])
    page = viewer.children[2]
    onward.click()
    onward.click()
    assert case.value == 2
    assert "Case 2 of 2." in page.value
    back.click()
    for control, value in ((invert, True), (level, 0.2), (zoom, 2.0)):
        before = page.value
        control.value = value
        assert page.value != before
