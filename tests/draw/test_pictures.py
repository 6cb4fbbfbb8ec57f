"""Cases to look at: how they hang, their page in the book, and where they are read from."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.dicom_files import EXAM
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.exam_objects import secondary_capture
from toolkit.demo.dicom.images import PROCESSING, ImagePlan, mammogram, synthetic_2d, tomosynthesis
from toolkit.pictures.from_tables import (
    CaseView,
    ViewLesion,
    ViewMark,
    cases_from_tables,
    hung,
    lesions_by_image,
)
from toolkit.pictures.gallery import gallery_page
from toolkit.readers.dicom.pixels.frames import ImageError
from toolkit.readers.dicom.pixels.image import load_image
from toolkit.study.book.sources import read_html


def view_of(side, view, marks=(), **plan):
    data = encoded(mammogram(EXAM, ImagePlan(laterality=side, view=view, **plan)))
    return CaseView(image=load_image(io.BytesIO(data)), marks=marks)


@pytest.fixture(scope="module")
def case():
    marks = (
        ViewMark(x=10, y=12, role="ai", label="87"),
        ViewMark(x=9, y=9, role="aided"),
        ViewMark(x=8, y=9, role="unaided", label="<3>"),
    )
    return [view_of("L", "MLO"), view_of("R", "CC", marks), view_of("L", "CC")]


class TestHung:
    def test_views_take_their_places_in_any_order(self, case):
        left_mlo, right_cc, left_cc = case
        assert hung(case) == [right_cc, left_cc, None, left_mlo]

    def test_two_pictures_for_one_place_are_refused(self, case):
        with pytest.raises(ValueError, match="one picture of R CC, got 2; choose one"):
            hung([*case, case[1]])

    def test_a_picture_of_no_place_is_refused(self, case):
        stray = replace(case[0], image=replace(case[0].image, view="ML"))
        with pytest.raises(ValueError, match="only the views R CC, L CC, R MLO and L MLO"):
            hung([stray])

    def test_an_unknown_role_is_refused(self):
        with pytest.raises(ValueError, match="role must be one of ai, unaided, aided, got 'x'"):
            ViewMark(x=1, y=1, role="x")


class TestGallery:
    def test_the_book_takes_it_as_it_is(self, case):
        page = gallery_page([case], labels=["Missed by 6 of 9 <b>."], stamp="SIMULATED")
        reading = read_html(page)
        assert reading.faults == ()
        assert reading.html.count("<img") == page.count("<img") == 4  # three views, and a part
        assert "Missed by 6 of 9 <b>." in reading.text
        assert "http" not in page

    def test_views_hang_in_order_and_an_absent_one_says_so(self, case):
        page = gallery_page([case])
        words = ("Mammogram R CC", "Mammogram L CC", "R MLO: no picture", "Mammogram L MLO")
        places = [page.index(text) for text in words]
        assert places == sorted(places)

    def test_marks_are_told_apart_without_colour_and_named(self, case):
        page = gallery_page([case])
        drawn = page[: page.index("<figcaption>")]
        assert re.findall(r"<title>(.*?)</title>", drawn) == [
            "AI 87",
            "reader with AI",
            "reader without AI &lt;3&gt;",
        ]
        shapes = re.findall(r'stroke-width="1.5">(.*?)</g>', drawn)
        assert len(set(shapes)) == 3
        assert ["circle" in shape for shape in shapes] == [False, True, True]
        assert ["dasharray" in shape for shape in shapes] == [False, False, True]
        caption = read_html(page[page.index("<figcaption>") :], whole=False).text
        assert "Marks: AI: 1, reader without AI: 1, reader with AI: 1." in caption

    def test_a_mark_lies_where_its_pixel_is_shown(self):
        """A right breast stored chest wall left is mirrored, and its mark with it."""
        mark = ViewMark(x=10.5, y=20.5, role="ai")
        view = view_of("R", "CC", (mark,), flipped=True)
        assert view.image.turned == (False, True, False)
        columns = view.image.pixels.shape[1]
        assert f"translate({columns - 10.5:.1f} 20.5)" in gallery_page([[view]])

    def test_marks_of_other_frames_are_counted_not_drawn(self, case):
        image = replace(case[0].image, frames=9)
        marks = (ViewMark(x=1, y=1, role="ai", frame=3), ViewMark(x=1, y=1, role="ai", frame=4))
        page = gallery_page([[CaseView(image=image, marks=marks, frame=4, note="n")]])
        assert page[: page.index("<figcaption>")].count("<title>") == 1
        assert "Marks on other frames, not drawn: 1." in page
        assert "L MLO: frame 4 of 9; n" in page

    def test_no_theme_parts_a_picture_from_the_marks_on_it(self, case):
        """A theme pads pictures in the dark, and what lies over them would be shifted."""
        for style in re.findall(r'<(?:img|svg)[^>]*style="(position[^"]*)"', gallery_page([case])):
            assert {"margin:0", "padding:0"} <= set(style.split(";"))

    def test_nothing_tells_whose_pictures_they_are(self, case):
        page = gallery_page([case])
        for secret in (EXAM.study_uid, EXAM.patient_id, EXAM.patient_name, EXAM.accession):
            assert secret not in page

    def test_a_case_of_noisy_pictures_stays_small(self):
        """The noise of film is what a JPEG cannot shorten: sd 60 of 4,096, correlated."""
        rng = np.random.default_rng(1)
        views = []
        for place in ("R CC", "L CC", "R MLO", "L MLO"):
            view = view_of(*place.split(), rows=1200, columns=900)
            coarse = np.kron(rng.normal(size=(150, 90)), np.ones((8, 10)))
            noise = 60 * rng.normal(size=(1200, 900)) + 80 * coarse
            pixels = np.clip(view.image.pixels + noise, 0, 4095).astype(np.float32)
            views.append(replace(view, image=replace(view.image, pixels=pixels)))
        assert len(gallery_page([views])) < 120_000

    def test_pictures_are_the_grey_of_the_image(self):
        """Decoded again, the small JPEG is the block mean of the grey within its loss."""
        view = view_of("R", "CC", rows=256, columns=192)
        page = gallery_page([[view]], longest=64)
        data = re.search(r"base64,([^\"]+)", page)[1]
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), dtype=float)
        mean = view.image.grey().astype(float).reshape(64, 4, 48, 4).mean(axis=(1, 3))
        assert shown.shape == (64, 48)
        assert np.abs(shown - mean).mean() < 3

    def test_cases_are_taken_one_at_a_time(self, case):
        class Lazy(list):
            taken = 0

            def __iter__(self):
                for item in super().__iter__():
                    Lazy.taken += 1
                    yield item

        gallery_page(Lazy([case, case]))
        assert Lazy.taken == 2

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"labels": ["a", "b"]}, "labels must be one for each of the 1 cases, got 2"),
            ({"longest": 8}, "longest must be at least 16 pixels, got 8"),
        ],
    )
    def test_wrong_options_are_refused(self, case, options, words):
        with pytest.raises(ValueError, match=words):
            gallery_page([case], **options)


class Archive:
    """A folder of files and the tables that ``study ingest`` would make of it."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []

    def add(self, ds, case_id="c1", image_id=None, **attributes):
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        path = f"{len(self.rows)}.dcm"
        (self.folder / path).write_bytes(encoded(ds))
        uid = image_id or str(ds.SOPInstanceUID)
        self.rows.append({"image_id": uid, "case_id": case_id, "path": path})
        return uid

    def cases(self, marks=None, case_ids=("c1",), **options):
        images = pd.DataFrame(self.rows)
        rows = None if marks is None else pd.DataFrame(marks)
        return cases_from_tables(images, rows, archive=self.folder, case_ids=case_ids, **options)


class TestLesions:
    CORNERS = ((10.0, 20.0), (20.0, 20.0), (20.0, 30.0))

    def page_of(self, **plan):
        view = replace(
            view_of("L", "CC", **plan),
            lesions=(ViewLesion(corners=self.CORNERS, label="mass, 11 mm"),),
        )
        return gallery_page([[view]])

    def test_the_outline_is_drawn_where_the_picture_is_turned_to(self):
        (drawn,) = set(re.findall(r'points="([^"]*)"', self.page_of()))
        assert drawn == "10.0,20.0 20.0,20.0 20.0,30.0"
        # The stored picture is mirrored: 48 columns.
        (drawn,) = set(re.findall(r'points="([^"]*)"', self.page_of(flipped=True)))
        assert drawn == "38.0,20.0 28.0,20.0 28.0,30.0"

    def test_the_caption_says_what_is_dotted(self):
        assert "Dotted: the lesion; beside the views, enlarged without marks." in self.page_of()
        assert "Dotted" not in gallery_page([[view_of("L", "CC")]])

    def parts(self, view):
        """Return the parts that are shown enlarged, as grey pictures."""
        page = gallery_page([[view]])
        found = re.findall(r'alt="Part of [^"]*"[^>]*base64,([^"]+)"', page)
        assert page.count("<title>") <= 2  # none on a part
        return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in found]

    def test_a_lesion_stands_enlarged_beside_and_nothing_lies_on_it(self):
        view = view_of("L", "CC", rows=400, columns=300)
        image = replace(view.image, pixels=np.zeros((400, 300), dtype=np.float32))
        image.pixels[190:210, 90:110] = image.pixels.max() + 4000  # a bright lesion
        corners = ((90.0, 190.0), (110.0, 190.0), (110.0, 210.0), (90.0, 210.0))
        mark = ViewMark(x=100, y=200, role="aided")
        shown = replace(view, image=image, lesions=(ViewLesion(corners=corners),), marks=(mark,))
        (part,) = self.parts(shown)
        assert part.shape == (112, 112)  # 0.28 of the longer side
        assert part[51:61, 51:61].min() > 200  # the lesion is its middle
        assert part[:30].max() < 60

    def test_a_part_stays_within_the_picture_and_holds_a_large_lesion(self):
        view = view_of("L", "CC", rows=400, columns=300)
        corner = ((0.0, 0.0), (8.0, 0.0), (8.0, 8.0))
        large = ((50.0, 100.0), (200.0, 100.0), (200.0, 250.0), (50.0, 250.0))
        both = (ViewLesion(corners=corner), ViewLesion(corners=large))
        assert [part.shape for part in self.parts(replace(view, lesions=both))] == [
            (112, 112),
            (150, 150),  # 300 pixels, the whole width, in blocks of two
        ]

    def test_without_a_lesion_the_ais_highest_mark_stands_beside(self):
        marks = (
            ViewMark(x=10, y=12, role="ai", label="9"),
            ViewMark(x=30, y=40, role="ai", label="87"),
            ViewMark(x=9, y=9, role="aided", label="99"),
        )
        page = gallery_page([[view_of("L", "CC", marks)]])
        assert page.count('alt="Part of L CC enlarged, without marks."') == 1
        assert "Beside the views: where the AI marked, enlarged without marks." in page
        assert "Part of" not in gallery_page([[view_of("L", "CC", marks[2:])]])

    def test_a_table_gives_outlines_and_circles(self):
        rows = [
            {"image_id": "1", "outline": "0,0 4,0 4,3", "lesion_type": "mass", "size_mm": 11.0},
            {"image_id": "2", "x_px": 50.0, "y_px": 60.0, "radius_px": 5.0},
            {"image_id": "3", "x_px": 50.0, "y_px": 60.0},
            {"image_id": None, "x_px": 50.0, "y_px": 60.0, "radius_px": 5.0},
        ]
        lesions = pd.DataFrame([{"case_id": "a", **row} for row in rows])
        found = lesions_by_image(lesions, {"a"})
        assert set(found) == {"1", "2"}
        assert found["1"] == [ViewLesion(corners=((0, 0), (4, 0), (4, 3)), label="mass, 11 mm")]
        (circle,) = found["2"]
        distances = np.hypot(*(np.array(circle.corners) - (50, 60)).T)
        assert distances == pytest.approx(5)
        assert len(circle.corners) >= 12
        assert lesions_by_image(lesions, {"b"}) == lesions_by_image(None, {"a"}) == {}

    def test_a_lesion_needs_three_corners(self):
        with pytest.raises(ValueError, match="corners must be at least 3, got 2"):
            ViewLesion(corners=self.CORNERS[:2])


def test_figures_are_numbered_as_the_chapter_says(case):
    page = gallery_page([case], numbers=["14.2"])
    assert 'id="figure-14-2"' in page
    assert "<b>Figure 14.2.</b>" in page
    with pytest.raises(ValueError, match="numbers must be one for each of the 1 cases, got 2"):
        gallery_page([case], numbers=["14.2", "14.3"])


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def mark(image_id, *, reader="AI", modality="standalone", rating=87.0, **more):
    return {
        "reader_id": reader, "case_id": "c1", "modality": modality, "session": "1",
        "mark_id": "1", "rating": rating, "image_id": image_id, "x_px": 5.0, "y_px": 6.0, **more,
    }  # fmt: skip


class TestFromTables:
    def test_the_order_is_the_callers_and_nothing_is_read_before(self, archive):
        for number, side in enumerate("LR"):
            archive.add(mammogram(EXAM, ImagePlan(laterality=side)), case_id=f"c{number}")
        cases = archive.cases(case_ids=("c1", "c0"))
        assert len(cases) == 2
        assert [v.image.laterality for v in cases[0]] == ["R"]
        assert [v.image.laterality for v in cases[1:][0]] == ["L"]
        (archive.folder / "1.dcm").unlink()
        with pytest.raises(ImageError, match="cannot be read"):
            cases[0]

    def test_presentation_goes_before_synthetic_before_processing(self, archive):
        plan = ImagePlan()
        shown = archive.add(mammogram(EXAM, plan))
        archive.add(mammogram(EXAM, plan, intent=PROCESSING))
        archive.add(synthetic_2d(EXAM, plan, volume=tomosynthesis(EXAM, plan)))
        archive.add(
            secondary_capture(EXAM, "8", burned_in="NO"), ImageLaterality="L", ViewPosition="CC"
        )
        (view,) = archive.cases([mark(shown)])[0]
        assert len(view.marks) == 1
        assert view.note == ""
        archive.rows = archive.rows[1:]
        (view,) = archive.cases()[0]
        assert view.note == "computed from tomosynthesis"
        archive.rows = archive.rows[:1]
        (view,) = archive.cases()[0]
        assert view.note == "for processing, not made to be read"

    def test_of_several_the_last_taken_is_shown_and_its_note_says_so(self, archive):
        uids = [
            archive.add(
                mammogram(EXAM, ImagePlan()),
                SOPInstanceUID=f"1.2.{number}",
                AcquisitionDate="20200101",
                AcquisitionTime=time,
            )
            for number, time in ((1, "101500"), (2, "101700"), (3, "101600"))
        ]
        (view,) = archive.cases([mark(uid, rating=k) for k, uid in enumerate(uids)])[0]
        assert [m.label for m in view.marks] == ["1"]
        assert view.note == (
            "the last of 3 pictures of this view; marks on other pictures of this view: 2"
        )

    def test_a_picture_with_burned_in_text_is_left_out(self, archive):
        archive.add(mammogram(EXAM, ImagePlan()), BurnedInAnnotation="YES")
        assert archive.cases()[0] == ()

    def test_another_file_than_the_table_names_is_refused(self, archive):
        archive.add(mammogram(EXAM, ImagePlan()), image_id="1.2.3")
        with pytest.raises(ImageError, match="image 1 of the case: the file must be the image"):
            archive.cases()[0]

    def test_a_damaged_file_is_named_by_its_place_alone(self, archive):
        archive.add(mammogram(EXAM, ImagePlan()))
        path = archive.folder / "0.dcm"
        path.write_bytes(path.read_bytes()[:300])
        with pytest.raises(ImageError, match=r"image 1 of the case: .*; ingest the archive again"):
            archive.cases()[0]

    def test_tomosynthesis_begins_at_its_mark_and_gives_frames_on_demand(self, archive):
        ds = tomosynthesis(EXAM, ImagePlan(), frames=5)
        uid, stored = archive.add(ds), ds.pixel_array
        (view,) = archive.cases([mark(uid, frame=4.0)])[0]
        assert (view.frame, view.image.frames, view.marks[0].frame) == (4, 5, 4)
        (middle,) = archive.cases()[0]
        assert middle.frame == 3
        for frame in (1, 5):
            values = np.sort(view.load_frame(frame).pixels, axis=None)
            assert np.array_equal(values, np.sort(stored[frame - 1], axis=None))

    def test_marks_are_of_the_ai_or_of_readers_with_or_without_it(self, archive):
        uid = archive.add(mammogram(EXAM, ImagePlan()))
        marks = [
            mark(uid, radius_px=3.0),
            mark(uid, reader="r1", modality="unaided", rating=2.5, radius_px=float("nan")),
            mark(uid, reader="r1", modality="aided", rating=4.0),
            mark(None), mark(uid, x_px=float("nan")) | {"case_id": "c1"},
        ]  # fmt: skip
        readers = pd.DataFrame({"reader_id": ["AI", "r1"], "kind": ["ai", "human"]})
        for options in ({}, {"readers": readers}):
            (view,) = archive.cases(marks, **options)[0]
            found = [(m.role, m.label, m.radius) for m in view.marks]
            assert found == [("ai", "87", 3.0), ("unaided", "2.5", None), ("aided", "4", None)]
        with pytest.raises(ValueError, match="must be unaided or aided, got 'standalone'"):
            archive.cases([mark(uid, reader="r1")], readers=readers)

    def test_wrong_tables_are_refused_without_a_value(self, archive):
        archive.add(mammogram(EXAM, ImagePlan()))
        with pytest.raises(ValueError, match=r"number 2 is not \(value withheld\)"):
            archive.cases(case_ids=("c1", "c9"))
        with pytest.raises(ValueError, match=r"images must have .*, lacks path"):
            cases_from_tables(
                pd.DataFrame(archive.rows)[["image_id", "case_id"]], archive="x", case_ids=[]
            )
        for path in ("../0.dcm", "/0.dcm", None):
            archive.rows[0]["path"] = path
            with pytest.raises(ValueError, match="must be relative to the archive and stay in it"):
                archive.cases()

    def test_an_address_of_a_store_is_read_as_a_folder_is(self, archive):
        archive.add(mammogram(EXAM, ImagePlan()))
        images = pd.DataFrame(archive.rows)
        address = archive.folder.as_uri()
        (view,) = cases_from_tables(images, archive=address, case_ids=["c1"])[0]
        assert view.image.pixels.shape == (64, 48)
