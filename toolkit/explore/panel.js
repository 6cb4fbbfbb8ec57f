// One place of the case viewer. arithmetic.js stands in front of this file when it is sent.

const SHAPES = {
  ai: "M-1-1H1V1H-1Z",
  unaided: "M-1 0A1 1 0 1 1 1 0A1 1 0 1 1-1 0Z",
  aided: "M-1 0A1 1 0 1 1 1 0A1 1 0 1 1-1 0ZM-.4-1.7H.4L0-1Z",
};
const FRESH = { zoom: 1, x: null, y: null };

/** Make an element: attributes beginning with "on" are listeners, "text" is its text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The symbol of a role: its colour over a wider black line. */
function symbol(role) {
  const lines = ["halo", "line"].map(
    (name) => `<path class="${name}" d="${SHAPES[role]}" vector-effect="non-scaling-stroke"/>`,
  );
  const picture = make("span", { class: `symbol ${role}`, "aria-hidden": "true" });
  picture.innerHTML = `<svg viewBox="-1 -1 2 2">${lines.join("")}</svg>`; // no text of a case
  return picture;
}

/** Codes as they came: a message's buffer may begin at an odd place. */
function codesOf(buffer) {
  const bytes = buffer.buffer ?? buffer;
  const at = buffer.byteOffset ?? 0;
  return new Uint16Array(bytes.slice(at, at + buffer.byteLength));
}

/** A view as it was sent, with its codes and table from the buffers, which are used up. */
function taken(head, buffers) {
  if (!head) return null;
  head.picture.codes = codesOf(buffers.shift());
  if (head.scale.has_table) {
    const table = buffers.shift();
    const bytes = table.buffer ?? table;
    const at = table.byteOffset ?? 0;
    head.scale.table = new Float32Array(bytes.slice(at, at + table.byteLength));
  }
  return head;
}

/** Paint codes on a canvas of their size through 65,536 greys. */
function paint(canvas, picture, greys) {
  canvas.width = picture.columns;
  canvas.height = picture.rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(picture.columns, picture.rows);
  const dots = new Uint32Array(image.data.buffer);
  const { codes } = picture;
  for (let k = 0; k < codes.length; k++) dots[k] = 0xff000000 | (greys[codes[k]] * 0x10101);
  context.putImageData(image, 0, 0);
}

/** One of the four places: canvas, marks on it, words in its corners. */
class Panel {
  constructor(viewer, place) {
    this.viewer = viewer;
    this.place = place;
    this.look = FRESH;
    this.view = null;
    this.tile = null;
    this.base = document.createElement("canvas");
    this.detail = document.createElement("canvas");
    this.canvas = make("canvas", { role: "img" });
    this.marks = make("div", { class: "marks" });
    this.words = make("div", { class: "words" });
    this.frames = make("input", {
      type: "range", min: 1, "aria-label": `${HANGING[place]}: frame`,
      oninput: () => this.toFrame(Number(this.frames.value)),
    });
    this.element = make(
      "div",
      { class: `panel ${HANGING[place][0]}` },
      this.canvas,
      this.marks,
      make("div", { class: "name", text: HANGING[place] }),
      make("div", { class: "foot" }, this.frames, this.words),
    );
    this.listen();
  }

  listen() {
    const { element, viewer } = this;
    element.addEventListener("wheel", (event) => {
      if (!viewer.hasFocus() || !this.view) return; // else the page scrolls
      event.preventDefault();
      const [x, y] = this.at(event);
      this.zoom(Math.exp(-event.deltaY / 400), x, y);
    }, { passive: false });
    element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      event.stopPropagation();
    });
    element.addEventListener("dblclick", (event) => {
      if (event.target !== this.frames) viewer.large(this.alone() ? 0 : this.place + 1);
    });
    element.addEventListener("pointerdown", (event) => this.press(event));
  }

  at(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** Follow a pointer: move the picture, or with Shift or the right button its window. */
  press(event) {
    if (event.target === this.frames || !this.view) return;
    event.preventDefault();
    if (!event.target.closest(".mark")) this.viewer.root.focus({ preventScroll: true });
    const windows = event.shiftKey || event.button === 2;
    let last = [event.clientX, event.clientY];
    const follow = (move) => {
      const [dx, dy] = [move.clientX - last[0], move.clientY - last[1]];
      last = [move.clientX, move.clientY];
      if (windows) this.viewer.changeWindow(dx / 200, dy / 400);
      else this.move(dx, dy);
    };
    const stop = () => {
      this.element.removeEventListener("pointermove", follow);
      if (windows) this.viewer.model.save_changes();
    };
    this.element.setPointerCapture(event.pointerId);
    this.element.addEventListener("pointermove", follow);
    this.element.addEventListener("pointerup", stop, { once: true });
    this.element.addEventListener("pointercancel", stop, { once: true });
  }

  alone() {
    return this.viewer.model.get("large") === this.place + 1;
  }

  hanging() {
    return this.alone() ? -1 : this.place;
  }

  size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  zoom(factor, x = this.size().width / 2, y = this.size().height / 2) {
    if (!this.view) return;
    this.look = zoomed(this.view, this.size(), this.look, this.hanging(), factor, x, y);
    this.viewer.redraw();
  }

  /** Zoom so that one pixel of the picture is one of the screen. */
  full() {
    if (!this.view) return;
    const { scale } = placed(this.view, this.size(), this.look, this.hanging());
    this.zoom(1 / (scale * window.devicePixelRatio));
  }

  move(dx, dy) {
    if (!this.view) return;
    this.look = moved(this.view, this.size(), this.look, this.hanging(), dx, dy);
    this.viewer.redraw();
  }

  show(view) {
    this.view = view;
    this.wanted = view?.frame;
    this.tile = null;
    this.asked = null;
    this.trouble = "";
    this.painted = null;
    this.marks.replaceChildren(...(view ? view.marks.map((mark) => this.markOf(mark)) : []));
    this.element.classList.toggle("empty", !view);
    this.frames.hidden = !view || view.frames < 2;
    if (view) {
      this.frames.max = view.frames;
      this.frames.value = view.frame;
    }
  }

  markOf(mark) {
    const tip = make("span", { class: "tip", text: mark.words });
    const element = make("button", { class: `mark ${mark.role}`, "aria-label": mark.words });
    element.append(symbol(mark.role), tip);
    element.addEventListener("focus", () => this.bring(mark));
    element.mark = mark;
    return element;
  }

  /** Move a zoomed picture so that a mark that has the focus is seen. */
  bring(mark) {
    const [where, size] = [placed(this.view, this.size(), this.look, this.hanging()), this.size()];
    const [x, y] = [mark.x * where.scale + where.left, mark.y * where.scale + where.top];
    if (x >= 0 && y >= 0 && x <= size.width && y <= size.height) return;
    this.move(size.width / 2 - x, size.height / 2 - y);
  }

  toFrame(frame) {
    if (!this.view || this.view.frames < 2) return;
    this.wanted = Math.min(Math.max(frame, 1), this.view.frames);
    this.frames.value = this.wanted;
    if (this.wanted === this.view.frame || this.loading) return;
    this.loading = true; // one at a time: of a fast turn only the last frame is decoded
    this.viewer.ask({ kind: "frame", place: this.place, frame: this.wanted });
  }

  stepFrame(by) {
    this.toFrame((this.loading ? this.wanted : this.view?.frame) + by);
  }

  stepMarked(by) {
    if (this.view) this.toFrame(nextMarked(this.view, by));
  }

  gotFrame(view) {
    const { wanted } = this;
    this.loading = false;
    this.show(view);
    this.viewer.redraw();
    this.toFrame(wanted);
  }

  /** Ask for what the screen can show and the picture that was sent does not hold. */
  refine() {
    if (!this.view || !this.element.clientWidth) return;
    const where = placed(this.view, this.size(), this.look, this.hanging());
    const needed = neededTile(this.view, this.size(), where, window.devicePixelRatio);
    if (!needed || covers(this.tile, needed.least, needed.factor)) return;
    const key = JSON.stringify([needed, this.view.frame]);
    if (this.asked === key) return;
    this.asked = key;
    const { box, factor } = needed;
    this.viewer.ask({ kind: "tile", place: this.place, frame: this.view.frame, box, factor });
  }

  draw() {
    const [{ width, height }, ratio] = [this.size(), window.devicePixelRatio];
    if (!width) return;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.label();
    if (!this.view) return;
    this.repaint();
    const where = placed(this.view, { width, height }, this.look, this.hanging());
    const context = this.canvas.getContext("2d");
    const dots = where.scale * ratio;
    context.setTransform(dots, 0, 0, dots, where.left * ratio, where.top * ratio);
    context.imageSmoothingQuality = "high";
    const pictures = [[this.base, this.view.picture], [this.detail, this.tile]];
    for (const [canvas, picture] of pictures) {
      if (!picture) continue;
      const { x, y, columns, rows, factor } = picture;
      context.drawImage(canvas, x, y, columns * factor, rows * factor);
    }
    for (const element of this.marks.children) this.hangMark(element, where);
  }

  hangMark(element, where) {
    const { mark } = element;
    const size = Math.max(11, (mark.radius ?? 0) * where.scale);
    const [x, y] = [mark.x * where.scale + where.left, mark.y * where.scale + where.top];
    element.hidden =
      !this.viewer.model.get(`show_${mark.role}`) || !onFrame(mark, this.view.frame);
    element.classList.toggle("turned", x > this.size().width / 2);
    element.style.cssText =
      `left:${x - size}px;top:${y - size}px;width:${2 * size}px;height:${2 * size}px`;
  }

  scale() {
    const { model } = this.viewer;
    return adjusted(this.view.scale, {
      window: model.get("window"),
      levelShift: model.get("level_shift"),
      widthFactor: model.get("width_factor"),
      lowIsBright: this.view.inverted,
    });
  }

  /** Paint the codes anew if the window, or what was sent, is another. */
  repaint() {
    const inverted = this.view.inverted !== this.viewer.model.get("inverted");
    const scale = this.scale();
    const key = [scale.center, scale.width, scale.function, inverted].join();
    if (this.painted === key) return;
    this.painted = key;
    const greys = greyOfCodes(this.view.picture, scale, inverted);
    paint(this.base, this.view.picture, greys);
    if (this.tile) paint(this.detail, this.tile, greys);
  }

  /** What a reader must know of what he sees: frame, notes, resolution, window. */
  label() {
    const { view } = this;
    if (!view) {
      const words = this.viewer.loaded() ? `${HANGING[this.place]}: no picture` : "";
      this.words.textContent = words;
      return;
    }
    const where = placed(view, this.size(), this.look, this.hanging());
    const needed = neededTile(view, this.size(), where, window.devicePixelRatio);
    const sharp = !needed || covers(this.tile, needed.least, needed.factor);
    const { center, width, table } = this.scale();
    const numbers = `window ${rounded(center)}, ${rounded(width)}`;
    const other = view.marks.filter((mark) => !onFrame(mark, view.frame)).length;
    const words = [
      view.frames > 1 ? `frame ${view.frame} of ${view.frames}` : "",
      other ? `marks on other frames: ${other}` : "",
      this.look.zoom > 1 ? `zoom ${this.look.zoom.toFixed(1)}` : "",
      sharp ? "" : "not yet sharp",
      this.alone() ? (table ? "table of the file" : numbers) : "",
      view.notes,
      this.trouble,
    ];
    this.words.textContent = words.filter(Boolean).join("; ");
    const marks = view.marks.map((mark) => mark.words).join(", ") || "none";
    this.canvas.setAttribute("aria-label", `Mammogram ${HANGING[this.place]}. Marks: ${marks}.`);
  }
}

const rounded = (value) => String(Number(value.toPrecision(4)));
