"""The case viewer in a browser: what is drawn, what keys do, what they leave to the notebook."""

import base64
import io
import json
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.dicom_files import EXAM
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.images import ImagePlan, mammogram
from toolkit.explore import CaseViewer, case_viewer
from toolkit.explore.viewer import script
from toolkit.pictures.from_tables import CaseView, ViewMark
from toolkit.readers.dicom.pixels.grey_scale import GreyScale
from toolkit.readers.dicom.pixels.image import load_image

# A stand-in for JupyterLab: a model with the state, and a list of what was asked of the kernel.
PAGE = """<!doctype html><meta charset="utf-8"><style>
* {{ box-sizing: border-box }} body {{ margin: 0 }}
{css}
/* Panels of 200 x 128, so that a picture of that height is drawn dot for dot. */
.case-viewer {{ width: 402px; padding: 0 !important; container-type: normal !important }}
.case-viewer .four {{ height: 258px !important }}
</style><div id="host"></div><script>
const state = {state}, handlers = {{}}, asked = [];
let leaked = "";
document.addEventListener("keydown", (event) => {{ leaked += event.key; }});
const call = (name, ...given) => (handlers[name] ?? []).forEach((act) => act(...given));
const model = {{
  get: (name) => state[name],
  set: (name, value) => {{
    const other = state[name] !== value;
    state[name] = value;
    if (other) call("change:" + name);
  }},
  save_changes() {{}},
  on: (name, act) => (handlers[name] ??= []).push(act),
  off() {{}},
  send: (message) => asked.push(message),
}};
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const deliver = (message, buffers) =>
  call("msg:custom", message, buffers.map((text) => new DataView(bytes(text).buffer)));
const panel = (place) => document.querySelectorAll(".case-viewer .panel")[place];
const dots = (place) => {{
  const canvas = panel(place).querySelector("canvas");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return [canvas.width, canvas.height, Array.from(data).filter((_, k) => k % 4 === 0)];
}};
const source = {script};
import(URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }}))).then((module) => {{
  module.default.render({{ model, el: document.getElementById("host") }});
  window.ready = true;
}});
</script>"""


class Stand:
    """A viewer whose script runs in the browser and whose kernel is this process."""

    def __init__(self, browser, folder, viewer):
        self.browser, self.viewer, self.sent = browser, viewer, []
        viewer.send = lambda content, buffers=(): self.sent.append((content, buffers))
        state = {k: v for k, v in viewer.get_state().items() if k not in ("_esm", "_css")}
        page = folder / "viewer.html"
        text = json.dumps(script()).replace("</", "<\\/")
        page.write_text(
            PAGE.format(css=CaseViewer._css, state=json.dumps(state, default=str), script=text),
            encoding="utf-8",
        )
        browser.size(402, 900)
        browser.complaints.clear()
        browser.requests.clear()
        browser.open(page)
        browser.wait_for("window.ready")
        browser.run("document.querySelector('.case-viewer').focus()")
        self.pump()

    def pump(self, seconds=0.22):
        """Answer what is asked until nothing has been asked for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in json.loads(self.browser.run("JSON.stringify(asked.splice(0))")):
                self.viewer._answer(message)
                end = time.monotonic() + seconds
            for content, buffers in self.sent:
                texts = [base64.b64encode(buffer).decode() for buffer in buffers]
                self.browser.run(f"deliver({json.dumps(content)}, {json.dumps(texts)})")
            self.sent.clear()
            time.sleep(0.02)

    def press(self, *keys, shift=False):
        for key in keys:
            for kind in ("keyDown", "keyUp"):
                self.browser.send(
                    "Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 if shift else 0
                )
        self.pump()

    def dots(self, place):
        width, height, values = self.browser.run(f"dots({place})")
        return np.array(values).reshape(height, width)

    def words(self, place):
        return self.browser.run(f"panel({place}).querySelector('.words').textContent")

    def status(self):
        return self.browser.run("document.querySelector('.status').textContent")


def view_of(side, view, marks=(), **plan):
    data = encoded(mammogram(EXAM, ImagePlan(laterality=side, view=view, **plan)))
    return CaseView(image=load_image(io.BytesIO(data)), marks=marks)


MARKS = (
    ViewMark(x=40, y=60, role="ai", label="87"),
    ViewMark(x=60, y=80, role="unaided", label="3"),
    ViewMark(x=30, y=30, role="aided", label="4"),
)


@pytest.fixture(scope="module")
def cases():
    small = {"rows": 128, "columns": 96}
    right, left = view_of("R", "CC", **small), view_of("L", "CC", MARKS, **small)
    sigmoid = GreyScale(center=900, width=700, function="SIGMOID")
    mlo = view_of("L", "MLO", rows=512, columns=384)
    noise = np.random.default_rng(1).integers(0, 1800, mlo.image.pixels.shape)
    noisy = replace(mlo.image, scale=sigmoid, pixels=noise.astype(np.float32))
    mlo = replace(mlo, image=noisy)
    frames = [replace(left.image, pixels=left.image.pixels * k / 9, frames=9) for k in range(1, 10)]
    volume = CaseView(
        image=frames[4], frame=5, load_frame=lambda k: frames[k - 1],
        marks=(ViewMark(x=10, y=10, role="ai", label="60", frame=8),),
    )  # fmt: skip
    return [[right, left, mlo], [volume], [right, right]]


@pytest.fixture
def stand(browser, tmp_path, cases):
    running = Stand(browser, tmp_path, case_viewer(cases, labels=["A", "B", "C"], longest=128))
    yield running
    assert browser.complaints == []
    assert {request.split(":")[0] for request in browser.requests} <= {"file", "blob"}


def test_what_is_drawn_is_the_grey_of_the_image_where_it_hangs(stand, cases):
    right, left, _ = cases[0]
    assert np.abs(stand.dots(0)[:, 104:] - right.image.grey()).max() <= 1
    assert np.abs(stand.dots(1)[:, :96] - left.image.grey()).max() <= 1
    assert stand.dots(0)[:, :104].max() == stand.dots(1)[:, 96:].max() == 0
    assert stand.words(2) == "R MLO: no picture"
    stand.press("i")
    shown = replace(left.image, inverted=True).grey()
    assert np.abs(stand.dots(1)[:, :96] - shown).max() <= 1


def test_a_window_set_from_python_is_drawn(stand, cases):
    stand.browser.run("model.set('window', [700, 300])")
    stand.pump()
    image = cases[0][1].image
    expected = image.grey(GreyScale(center=700, width=300))
    assert np.abs(stand.dots(1)[:, :96] - expected).max() <= 1
    stand.press("ArrowUp", "ArrowRight", shift=True)
    assert stand.browser.run("[state.level_shift, state.width_factor]") == pytest.approx(
        [-0.05, np.exp(0.1)]
    )
    stand.press("0")
    assert stand.browser.run("[state.window, state.level_shift, state.width_factor]") == [
        None,
        0,
        1,
    ]


def test_zoom_shows_the_pixels_of_the_file_not_enlarged_means(stand, cases):
    """One picture pixel a dot: what is drawn is the grey of the part, at full resolution."""
    stand.browser.run("panel(3).dispatchEvent(new MouseEvent('dblclick', {bubbles: true}))")
    stand.pump()
    stand.press("Escape")
    grey = cases[0][2].image.grey().astype(int)
    assert stand.browser.run("state.large") == 0
    stand.press("f")  # the middle of the panel stays, and the middle of the screen is in it
    where = stand.browser.run(
        "(() => { const mark = panel(3); return [mark.clientWidth, mark.clientHeight]; })()"
    )
    assert where == [200, 128]
    # Scale 1/4 before, so point (400, 256) was in the middle, cut to (384, 256) of the picture.
    expected = grey[256 - 64 : 256 + 64, 384 - 100 :]
    for _ in range(20):
        if "not yet sharp" not in stand.words(3):
            break
        stand.pump()
    assert stand.words(3) == "zoom 4.0"
    assert np.abs(stand.dots(3)[:, :100] - expected).max() <= 1


def test_marks_are_named_on_focus_and_toggled_by_keys_and_buttons(stand):
    shown = "[...panel(1).querySelectorAll('.mark')].filter((m) => !m.hidden).length"
    assert stand.browser.run(shown) == 3
    for key, left in (("a", 2), ("u", 1), ("w", 0), ("m", 3), ("m", 0), ("m", 3)):
        stand.press(key)
        assert stand.browser.run(shown) == left
    stand.browser.run("document.querySelector('.bar button[title^=AI]').click()")
    stand.pump()
    assert stand.browser.run(shown) == 2
    pressed = "document.querySelector('.bar button[title^=AI]').getAttribute('aria-pressed')"
    assert stand.browser.run(pressed) == "false"
    stand.press("a")
    tip = "getComputedStyle(document.activeElement.querySelector('.tip')).display"
    stand.browser.run("panel(1).querySelector('.mark').focus()")
    stand.press("Shift")  # a key makes the focus visible
    assert stand.browser.run("document.activeElement.getAttribute('aria-label')") == "AI 87"
    assert stand.browser.run(tip) == "block"


def test_keys_work_only_with_the_focus_and_reach_nobody_else(stand):
    stand.press("d", "d", "x", "i", "a", "a")
    assert stand.browser.run("[leaked, state.inverted]") == ["", True]
    stand.browser.send("Input.dispatchKeyEvent", type="keyDown", key="s", modifiers=2)
    assert stand.browser.run("leaked") == "s"  # Ctrl+S saves the notebook
    stand.browser.run("leaked = ''")
    stand.browser.run("document.activeElement.blur()")
    stand.press("i")
    assert stand.browser.run("[leaked, state.inverted]") == ["i", True]


def test_cases_are_stepped_through_and_what_is_wrong_is_said(stand):
    title = "document.querySelector('.title').textContent"
    assert (stand.status(), stand.browser.run(title)) == ("Case 1 of 3.", "A")
    stand.press("p")
    assert stand.status() == "Case 1 of 3."
    stand.press("n")
    assert (stand.status(), stand.browser.run(title)) == ("Case 2 of 3.", "B")
    stand.press("PageDown")
    assert stand.status() == "Case 3: case must hold one picture of R CC, got 2; choose one."
    assert stand.words(0) == ""
    stand.press("PageUp")
    assert stand.status() == "Case 2 of 3."


def test_frames_are_turned_one_by_one_or_from_mark_to_mark(stand, cases):
    stand.press("n")
    assert stand.words(1).startswith("frame 5 of 9; marks on other frames: 1")
    stand.press(".")
    assert stand.words(1).startswith("frame 6 of 9")
    expected = cases[1][0].load_frame(6).grey()
    assert np.abs(stand.dots(1)[:, :96] - expected).max() <= 1
    stand.press(">", shift=True)
    assert stand.words(1) == "frame 8 of 9"
    shown = "[...panel(1).querySelectorAll('.mark')].map((mark) => !mark.hidden)"
    assert stand.browser.run(shown) == [True]
    stand.press(",", ",")
    assert stand.words(1).startswith("frame 6 of 9; marks on other frames: 1")
    assert stand.browser.run(shown) == [False]


def test_views_stack_where_it_is_narrow_and_the_keys_are_told(stand):
    stand.press("?")
    help_ = "getComputedStyle(document.querySelector('.help')).display"
    assert stand.browser.run(help_) == "grid"
    stand.press("Escape")
    assert stand.browser.run(help_) == "none"
    stand.browser.run(
        "document.querySelector('.case-viewer').style.setProperty("
        "'container-type', 'inline-size', 'important')"
    )
    stand.pump()
    boxes = stand.browser.run("[0, 1, 2, 3].map((k) => panel(k).getBoundingClientRect().top)")
    assert boxes == sorted(set(boxes))
