"""The case viewer: its codes, its script's arithmetic under node, its traits and messages."""

import io
import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import traitlets

from tests.dicom_files import EXAM
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.images import ImagePlan, mammogram
from toolkit.explore import case_viewer
from toolkit.explore.viewer import PADDING, coded, script
from toolkit.pictures.from_tables import CaseView, ViewMark
from toolkit.readers.dicom.pixels.grey_scale import GreyScale
from toolkit.readers.dicom.pixels.image import load_image


def image_of(side="R", view="CC", **plan):
    data = encoded(mammogram(EXAM, ImagePlan(laterality=side, view=view, **plan)))
    return load_image(io.BytesIO(data))


def picture(pixels, *, padding=None, scale=None, inverted=False):
    """An image of given values."""
    pixels = np.asarray(pixels, dtype=np.float32)
    none = np.zeros(pixels.shape, dtype=bool)
    return replace(
        image_of(),
        pixels=pixels,
        padding=none if padding is None else padding,
        scale=scale or GreyScale(center=0.0, width=100.0),
        inverted=inverted,
    )


def in_node(code, **given):
    """Return what ``answer(...)`` is called with in the viewer's script under node."""
    source = (
        f"{script()}\nconst given = {json.dumps(given)};\n"
        f"const answer = (value) => console.log(JSON.stringify(value));\n{code}"
    )
    done = subprocess.run(
        ["node", "--input-type=module"], input=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


class TestCodes:
    @pytest.mark.parametrize(
        "values",
        [
            np.arange(0, 4096),
            np.arange(-32768, 32767),
            np.array([7, 7, 7]),
            np.array([-3, 65531]),
            np.arange(0, 120_000, 3) * 0.25 - 70,
        ],
        ids=["12 bit", "16 bit signed", "one value", "all codes", "quarters"],
    )
    def test_codes_give_the_values_back(self, values):
        image = picture(values.reshape(1, -1))
        whole = coded(image)
        back = whole.low + whole.codes / whole.per_unit
        whole_numbers = bool(np.all(values == np.rint(values)))
        error = 0 if whole_numbers else (values.max() - values.min()) / 65534 / 2 * 1.001
        assert np.abs(back - image.pixels).max() <= error
        assert whole.codes.max() < PADDING

    def test_padding_has_a_code_of_its_own_and_does_not_stretch_the_range(self):
        padding = np.array([[True, False, False]])
        whole = coded(picture([[-9999, 0, 100]], padding=padding))
        assert whole.codes.tolist() == [[PADDING, 0, 65500]]
        assert (whole.low, whole.per_unit) == (0, 655)
        nothing = coded(picture([[1, 2]], padding=np.array([[True, True]])))
        assert nothing.codes.tolist() == [[PADDING, PADDING]]

    def test_parts_are_the_means_of_blocks_without_their_padding(self):
        """By brute force, with blocks at the edges that are not whole."""
        rng = np.random.default_rng(3)
        values, padding = rng.integers(0, 4096, (37, 29)), rng.random((37, 29)) < 0.4
        whole = coded(picture(values, padding=padding))
        part = whole.part((3, 5, 27, 36), 4)
        assert (part.x, part.y, part.factor, part.codes.shape) == (3, 5, 4, (8, 6))
        for row in range(8):
            for column in range(6):
                box = np.s_[5 + 4 * row : min(9 + 4 * row, 36), 3 + 4 * column : 7 + 4 * column]
                used = ~padding[box]
                if 2 * used.sum() < used.size:
                    assert part.codes[row, column] == PADDING
                else:
                    mean = whole.low + part.codes[row, column] / whole.per_unit
                    assert mean == pytest.approx(values[box][used].mean(), abs=0.5 / 16)

    def test_a_part_outside_is_cut_to_what_there_is(self):
        whole = coded(picture(np.arange(12).reshape(3, 4)))
        assert whole.part((-5, -5, 99, 99), 1).codes.shape == (3, 4)
        assert whole.part((50, 50, 60, 60), 1).codes.shape == (1, 1)
        assert whole.reduced(2).codes.shape == (2, 2)
        assert whole.reduced(1024).factor == 1


TABLE = np.clip(np.linspace(-0.1, 1.2, 900) ** 2, 0, 1).astype(np.float32)
SCALES = {
    "linear": GreyScale(center=2000.5, width=1234.5),
    "linear of width 1": GreyScale(center=2000.5, width=1),
    "linear of width 2": GreyScale(center=2000, width=2),
    "linear exact": GreyScale(center=1800, width=0.5, function="LINEAR_EXACT"),
    "wide linear exact": GreyScale(center=1800, width=3000, function="LINEAR_EXACT"),
    "sigmoid": GreyScale(center=1500, width=700, function="SIGMOID"),
    "steep sigmoid": GreyScale(center=1500, width=1, function="SIGMOID"),
    "table": GreyScale(center=950, width=900, function="TABLE", table=TABLE, first=500),
}
_GREYS = """
const scale = given.scale;
scale.table = given.table;
answer(Array.from(greyOfCodes(given.picture, scale, given.inverted)));
"""


def greys_in_node(image):
    scale = image.scale
    words = {name: getattr(scale, name) for name in ("function", "center", "width", "first")}
    table = None if scale.table is None else scale.table.astype(float).tolist()
    whole = coded(image)
    greys = in_node(_GREYS, picture=whole.head(), scale=words, table=table, inverted=image.inverted)
    return np.array(greys)[whole.codes]


@pytest.mark.needs_tool("node")
class TestScript:
    @pytest.mark.parametrize("inverted", [False, True], ids=["plain", "inverted"])
    @pytest.mark.parametrize("name", SCALES)
    @pytest.mark.parametrize("kind", ["whole numbers", "fractions"])
    def test_the_grey_is_that_of_the_image(self, kind, name, inverted):
        """Exactly, but for what float32 rounds the other way at a tie."""
        values = np.arange(0, 4096).reshape(64, 64)
        if kind == "fractions":
            values = values * 0.8125 + 100.375
        padding = np.zeros((64, 64), dtype=bool)
        padding[:3] = True
        image = picture(values, padding=padding, scale=SCALES[name], inverted=inverted)
        difference = np.abs(greys_in_node(image) - image.grey().astype(int))
        if kind == "whole numbers":
            assert difference.max() <= 1
            assert (difference > 0).mean() < 0.005  # ties: of width 3,000 one value in 200 is one
        else:  # a code is off by half a step; no scale is steeper than grey 255 over its width
            step = 1 / coded(image).per_unit
            if name == "linear of width 1":  # which jumps: a value there may fall on either side
                difference[np.abs(values - 2000) <= step / 2] = 0
            assert difference.max() <= 1 + 255 * step / 2 / SCALES[name].width

    @pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
    def test_the_grey_of_a_file_is_that_of_its_image(self, photometric):
        image = image_of(rows=128, columns=96, photometric=photometric)
        assert np.abs(greys_in_node(image) - image.grey().astype(int)).max() <= 1

    def test_a_moved_window_is_the_one_asked_for(self):
        code = """
        const linear = {function: "SIGMOID", center: 100, width: 50};
        const table = {function: "TABLE", center: 950, width: 900, table: [0, 1], first: 0};
        answer([
          adjusted(linear, {window: null}) === linear,
          adjusted(table, {window: null}) === table,
          adjusted(linear, {window: null, levelShift: 0.5, widthFactor: 2}),
          adjusted(table, {window: null, levelShift: -1}),
          adjusted(table, {window: [10, 20]}),
          adjusted(linear, {window: [10, 0.2], levelShift: 1}),
          adjusted(linear, {window: null, levelShift: 1, lowIsBright: true}),
        ]);
        """
        assert in_node(code) == [
            True,
            True,
            {"function": "SIGMOID", "center": 125, "width": 100},
            {"function": "LINEAR", "center": 50, "width": 900},
            {"function": "LINEAR", "center": 10, "width": 20},
            {"function": "LINEAR", "center": 11, "width": 1},
            {"function": "SIGMOID", "center": 50, "width": 50},
        ]

    def test_chest_walls_meet_and_a_large_view_stands_in_the_middle(self):
        code = """
        const view = {rows: 400, columns: 300};
        const panel = {width: 500, height: 200};
        const look = {zoom: 1, x: null, y: null};
        answer([0, 1, 2, 3, -1].map((place) => placed(view, panel, look, place)));
        """
        right, left, middle = 500 - 150, 0, (500 - 150) / 2
        assert [p["left"] for p in in_node(code)] == [right, left, right, left, middle]
        assert all((p["scale"], p["top"]) == (0.5, 0) for p in in_node(code))

    def test_zoom_keeps_the_point_under_the_pointer_and_moves_follow_it(self):
        """Brute force: the picture's point at the pointer before is there afterwards."""
        code = """
        const view = {rows: 4000, columns: 3000};
        const panel = {width: 400, height: 500};
        const at = (look, x, y) => {
          const where = placed(view, panel, look, 0);
          return [(x - where.left) / where.scale, (y - where.top) / where.scale];
        };
        const fresh = {zoom: 1, x: null, y: null};
        const once = zoomed(view, panel, fresh, 0, 3, 250, 200);
        const twice = zoomed(view, panel, once, 0, 2, 100, 300);
        const drawn = moved(view, panel, twice, 0, 30, -20);
        answer({
          points: [
            [at(fresh, 250, 200), at(once, 250, 200)],
            [at(once, 100, 300), at(twice, 100, 300)],
            [at(twice, 100, 100), at(drawn, 130, 80)],
          ],
          most: zoomed(view, panel, fresh, 0, 1e9, 0, 0).zoom * 500 / 4000,
          out: zoomed(view, panel, twice, 0, 1e-9, 0, 0),
          lost: moved(view, panel, once, 0, 1e9, -1e9),
          still: moved(view, panel, fresh, 0, 50, 50),
        });
        """
        got = in_node(code)
        for before, after in got["points"]:
            assert after == pytest.approx(before)
        assert got["most"] == pytest.approx(8)
        assert got["out"] == got["still"] == {"zoom": 1, "x": None, "y": None}
        assert (got["lost"]["x"], got["lost"]["y"]) == (0, 4000)

    def test_a_tile_is_asked_for_where_the_screen_shows_more_than_was_sent(self):
        code = """
        const view = {rows: 4000, columns: 3000, picture: {factor: 4}};
        const panel = {width: 500, height: 500};
        const need = (scale, left, top, ratio = 1) =>
          neededTile(view, panel, {scale, left, top}, ratio);
        const one = need(1, -1000, -2000);
        const tile = {x: 950, y: 1950, columns: 600, rows: 600, factor: 1};
        answer({
          reduced: need(0.25, 0, 0), half: need(0.5, 0, 0).factor, fine: need(0.25, 0, 0, 2).factor,
          one, away: need(1, 5000, 0),
          covers: [
            covers(tile, one.least, 1), covers({...tile, x: 1001}, one.least, 1),
            covers({...tile, factor: 2}, one.least, 1), covers(null, one.least, 1),
          ],
        });
        """
        got = in_node(code)
        assert got["reduced"] is None
        assert (got["half"], got["fine"]) == (2, 2)
        assert got["one"] == {
            "least": [1000, 2000, 1500, 2500],
            "box": [950, 1950, 1550, 2550],
            "factor": 1,
        }
        assert got["away"] is None
        assert got["covers"] == [True, False, False, False]

    def test_frames_with_marks_are_found_in_both_directions(self):
        code = """
        const view = {frame: 5, marks: [9, null, 2, 7, 5, 3].map((frame) => ({frame}))};
        answer([
          nextMarked(view, 1), nextMarked(view, -1), nextMarked({frame: 9, marks: view.marks}, 1),
          view.marks.filter((mark) => onFrame(mark, 5)).length,
        ]);
        """
        assert in_node(code) == [7, 3, 9, 2]

    def test_every_key_has_one_meaning_and_others_none(self):
        keys = [*"np+-fi0maUw.,><?1234", "PageDown", "PageUp", "Escape", "ArrowUp", "ArrowLeft"]
        code = """answer([
          given.keys.map((key) => commandOf(key, false)?.[0] ?? null),
          ["ArrowLeft", "ArrowDown"].map((key) => commandOf(key, true)),
          ["d", "x", "Enter", " ", "Tab", "5", "constructor", "F1"].map(
            (key) => commandOf(key, false) ?? null),
        ]);"""
        known, shifted, others = in_node(code, keys=keys)
        words = "step step zoom zoom full invert reset marks show show show frame frame marked"
        assert known == [
            *words.split(), "marked", "help", *["large"] * 4,
            "step", "step", "back", "move", "move",
        ]  # fmt: skip
        assert shifted == [["window", [-1, 0]], ["window", [0, 1]]]
        assert others == [None] * 8

    def test_halves_are_rounded_to_even_as_numpy_does(self):
        values = [-1.5, -0.5, 0.5, 1.5, 2.5, 2.49, 2.51, -2.51, 7.0]
        assert in_node("answer(given.values.map(rint));", values=values) == np.rint(values).tolist()


def test_the_script_asks_no_network_and_loads_nothing():
    code = script().replace("prefetch(", "")
    for word in ("import {", "import(", "fetch(", "XMLHttpRequest", "http:", "https:", "eval("):
        assert word not in code


class Told(list):
    """What a viewer sent, in order."""

    def __init__(self, viewer):
        super().__init__()
        viewer.send = lambda content, buffers=(): self.append((content, list(buffers)))
        self._viewer = viewer

    def ask(self, **message):
        self._viewer._answer(message)
        return self[-1]


@pytest.fixture(scope="module")
def case():
    marks = (
        ViewMark(x=10, y=12, role="ai", label="87", radius=4.0),
        ViewMark(x=9, y=9, role="aided", frame=2),
    )
    return [
        CaseView(image=image_of("L", "MLO"), note="a note"),
        CaseView(image=image_of("R", "CC", rows=128, columns=96), marks=marks),
    ]


class TestMessages:
    def test_a_case_is_sent_reduced_in_hanging_order(self, case):
        told = Told(viewer := case_viewer([case], longest=32))
        content, buffers = told.ask(kind="case", case=1)
        assert (content["case"], content["label"]) == (1, "")
        right, absent, other, left = content["views"]
        assert (absent, other) == (None, None)
        assert left["notes"].startswith("a note")
        assert right["picture"]["factor"] == 4
        assert [len(b) for b in buffers] == [2 * 32 * 24, 2 * 32 * 24]
        codes = np.frombuffer(buffers[0], np.uint16).reshape(32, 24)
        image = case[1].image
        values = right["picture"]["low"] + codes / right["picture"]["per_unit"]
        means = image.pixels.reshape(32, 4, 24, 4).mean(axis=(1, 3))
        assert np.abs(values - means).max() <= 0.5 / right["picture"]["per_unit"] + 1e-3
        assert right["marks"][0] == {
            "x": image.placed(10, 12)[0], "y": image.placed(10, 12)[1],
            "role": "ai", "words": "AI 87", "radius": 4.0, "frame": None,
        }  # fmt: skip
        assert viewer.n_cases == 1

    def test_a_look_up_table_is_sent_as_it_is(self, case):
        scale = SCALES["table"]
        view = replace(case[1], image=replace(case[1].image, scale=scale))
        content, buffers = Told(case_viewer([[view]])).ask(kind="case", case=1)
        assert content["views"][0]["scale"]["has_table"]
        assert np.array_equal(np.frombuffer(buffers[1], "<f4"), scale.table)

    def test_a_tile_is_the_part_at_full_resolution(self, case):
        told = Told(case_viewer([case], longest=32))
        asked = {"kind": "tile", "case": 1, "place": 0, "frame": 1, "box": [10, 20, 50, 40]}
        content, (buffer,) = told.ask(**asked, factor=1)
        assert content | asked == content
        head = content["picture"]
        values = head["low"] + np.frombuffer(buffer, np.uint16) / head["per_unit"]
        expected = case[1].image.pixels[20:40, 10:50]
        assert np.array_equal(values.reshape(20, 40), expected)

    def test_frames_are_decoded_when_they_are_asked_for_and_one_is_held(self, case):
        loaded = []

        def load(frame):
            loaded.append(frame)
            return replace(case[1].image, pixels=case[1].image.pixels + frame, frames=40)

        first = replace(case[1].image, frames=40)
        view = CaseView(image=first, marks=case[1].marks, frame=3, load_frame=load)
        told = Told(case_viewer([[view]], longest=128))
        content, _ = told.ask(kind="case", case=1)
        assert (content["views"][0]["frame"], content["views"][0]["frames"]) == (3, 40)
        assert loaded == []
        content, (buffer,) = told.ask(kind="frame", case=1, place=0, frame=7)
        head = content["view"]["picture"]
        values = head["low"] + np.frombuffer(buffer, np.uint16) / head["per_unit"]
        assert np.array_equal(values.reshape(128, 96), first.pixels + 7)
        told.ask(kind="frame", case=1, place=0, frame=7)
        assert loaded == [7]
        # The browser may still show a frame of a case that was let go of: its tile is of that one.
        content, (buffer,) = told.ask(
            kind="tile", case=1, place=0, frame=9, box=[0, 0, 9, 9], factor=1
        )
        head = content["picture"]
        values = head["low"] + np.frombuffer(buffer, np.uint16) / head["per_unit"]
        assert np.array_equal(values.reshape(9, 9), first.pixels[:9, :9] + 9)
        assert loaded == [7, 9]

    def test_cases_are_taken_when_seen_and_two_are_held(self, case):
        taken = []

        def lazy(number):
            return lambda: (taken.append(number), case)[1]

        told = Told(case_viewer([lazy(k) for k in range(1, 501)]))
        for number in (1, 2, 1, 500, 1, 2):
            told.ask(kind="case", case=number)
        assert taken == [1, 2, 500, 2]

    def test_what_is_wrong_with_a_case_is_said_in_its_place(self, case):
        def broken():
            raise KeyError("1.2.3 of a patient")

        two = [case[1], case[1]]
        told = Told(case_viewer([case, broken, two]))
        content, _ = told.ask(kind="case", case=2)
        assert content["kind"] == "problem"
        assert content["words"] == "it could not be loaded (KeyError); take cases[1] in a cell"
        content, _ = told.ask(kind="case", case=3)
        assert content["words"] == "case must hold one picture of R CC, got 2; choose one"
        content, _ = told.ask(kind="frame", case=1, place=0, frame=2)
        assert content["words"].startswith("the view must have load_frame, has none")
        content, _ = told.ask(kind="tile", case=1, place=1, frame=1, box=[0, 0, 1, 1], factor=1)
        assert content["words"] == "the case must have a picture at this place, has none"

    def test_pictures_are_no_part_of_the_state_that_a_notebook_may_save(self, case):
        viewer = case_viewer([case], labels=["Case A"])
        Told(viewer).ask(kind="case", case=1)
        state = {k: v for k, v in viewer.get_state().items() if k not in ("_esm", "_css")}
        assert len(json.dumps(state, default=str)) < 2000
        assert "Case A" not in str(state)

    def test_nothing_tells_whose_pictures_they_are(self, case):
        content, _ = Told(case_viewer([case])).ask(kind="case", case=1)
        for secret in (EXAM.study_uid, EXAM.patient_id, EXAM.patient_name, EXAM.accession):
            assert secret not in json.dumps(content)


class TestTraits:
    def test_state_is_read_and_set_from_python(self, case):
        viewer = case_viewer([case, case])
        viewer.case, viewer.window, viewer.large = 2, (1000, 500), 3
        assert (viewer.case, viewer.window, viewer.large) == (2, (1000.0, 500.0), 3)
        viewer.set_state({"window": None, "level_shift": 0.25, "width_factor": 2, "inverted": True})
        assert (viewer.window, viewer.level_shift, viewer.width_factor) == (None, 0.25, 2.0)
        assert viewer.inverted

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("case", 3, "case must be from 1 to 2, got 3"),
            ("case", 0, "case must be from 1 to 2, got 0"),
            ("window", (5.0, 0.0), "window must have a positive width, got 0.0"),
            ("width_factor", -1.0, "width_factor must have a positive width, got -1.0"),
            ("large", 5, "large"),
        ],
    )
    def test_wrong_state_is_refused(self, case, name, value, words):
        viewer = case_viewer([case, case])
        with pytest.raises(traitlets.TraitError, match=words):
            setattr(viewer, name, value)

    @pytest.mark.parametrize(
        ("cases", "options", "words"),
        [
            (0, {}, "cases must hold at least one case, got none"),
            (1, {"labels": ["a", "b"]}, "labels must be one for each of the 1 cases, got 2"),
            (1, {"longest": 2}, "longest must be at least 16 pixels, got 2"),
        ],
    )
    def test_wrong_arguments_are_refused(self, case, cases, options, words):
        with pytest.raises(ValueError, match=words):
            case_viewer([case] * cases, **options)

    def test_a_first_case_that_cannot_be_hung_is_refused_at_once(self, case):
        with pytest.raises(ValueError, match="one picture of R CC, got 2"):
            case_viewer([[case[1], case[1]]])

    def test_cases_of_the_tables_can_be_viewed(self, case):
        """Any sequence will do: no list is made of it."""

        class Cases:
            def __len__(self):
                return 1_000_000

            def __getitem__(self, index):
                return case

        assert case_viewer(Cases()).n_cases == 1_000_000
