// The case viewer around its four places. panel.js stands in front of this file when it is sent.

const KEYS = [
  ["n, p; Page Down, Page Up", "next, previous case"],
  ["1 2 3 4; double click", "one view alone; Esc: all four"],
  ["wheel, + −", "zoom; f: one picture pixel on one of the screen"],
  ["drag, arrow keys", "move a picture that is zoomed"],
  ["right or Shift drag, Shift arrows", "window: across wider, up brighter"],
  ["i", "invert"],
  ["m; a u w", "marks: all; AI, readers without AI, readers with AI"],
  ["Tab", "from mark to mark"],
  [". ,", "next, previous frame; > <: with a mark"],
  ["0", "reset windows and zoom"],
  ["?", "these keys; Esc closes"],
];
const ROLES = [
  ["show_ai", "ai", "AI", "a"],
  ["show_unaided", "unaided", "readers without AI", "u"],
  ["show_aided", "aided", "readers with AI", "w"],
];
const SYNCED = [
  "window", "level_shift", "width_factor", "inverted", "large",
  "show_ai", "show_unaided", "show_aided",
];

class Viewer {
  constructor(model, host) {
    this.model = model;
    this.cases = new Map(); // what was sent, the last three
    this.panels = HANGING.map((_, place) => new Panel(this, place));
    this.build(host);
    this.listen();
    this.toCase();
  }

  build(host) {
    const button = (text, title, act, extra = {}) =>
      make("button", { type: "button", title, onclick: act, ...extra }, text);
    this.number = make("input", {
      type: "number", min: 1, max: this.model.get("n_cases"), "aria-label": "Case",
      onchange: () => this.setCase(Number(this.number.value)),
    });
    this.of = make("span", { text: `of ${this.model.get("n_cases")}` });
    this.toggles = ROLES.map(([trait, role, words, key]) => {
      const toggle = button("", `${words} (${key})`, () => this.toggle(trait));
      toggle.append(symbol(role), ` ${words}`);
      return toggle;
    });
    this.invertButton = button("Invert", "Invert (i)", () => this.toggle("inverted"));
    this.title = make("div", { class: "title" });
    this.status = make("div", { class: "status", role: "status" });
    this.help = make("div", { class: "help", role: "dialog", "aria-label": "Keys", hidden: "" });
    const rows = KEYS.map(([key, words]) =>
      make("tr", {}, make("th", { text: key }), make("td", { text: words })),
    );
    this.help.append(make("table", {}, ...rows));
    const elements = this.panels.map((panel) => panel.element);
    this.grid = make("div", { class: "four" }, ...elements, this.help);
    const bar = make(
      "div",
      { class: "bar", role: "toolbar", "aria-label": "Case viewer" },
      button("Previous", "Previous case (p)", () => this.step(-1)),
      this.number,
      this.of,
      button("Next", "Next case (n)", () => this.step(1)),
      ...this.toggles,
      this.invertButton,
      button("Reset", "Reset windows and zoom (0)", () => this.reset()),
      button("Keys", "Keys (?)", () => this.run("help")),
    );
    this.root = make(
      "div",
      {
        class: "case-viewer", tabindex: 0, role: "application",
        "aria-label": "Case viewer; press question mark for the keys",
        "data-jp-suppress-context-menu": "true",
      },
      bar, this.title, this.grid, this.status,
    );
    host.append(this.root);
  }

  listen() {
    // JupyterLab listens on the document before anything in it: only the window comes first.
    this.onKey = (event) => this.key(event);
    window.addEventListener("keydown", this.onKey, true);
    this.handlers = [
      ["msg:custom", (message, buffers) => this.got(message, [...buffers])],
      ["change:case", () => this.toCase()],
      ...SYNCED.map((name) => [`change:${name}`, () => this.redraw()]),
    ];
    for (const [name, act] of this.handlers) this.model.on(name, act);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.grid);
  }

  remove() {
    for (const [name, act] of this.handlers) this.model.off(name, act);
    window.removeEventListener("keydown", this.onKey, true);
    this.observer.disconnect();
    clearTimeout(this.sharpening);
    clearTimeout(this.waiting);
  }

  /** Whether the case was sent: what is absent then is not there, and not only late. */
  loaded() {
    return this.cases.has(this.model.get("case"));
  }

  hasFocus() {
    return this.root.matches(":focus-within");
  }

  key(event) {
    const path = event.composedPath();
    if (!path.includes(this.root)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return; // JupyterLab's, such as Ctrl+S
    event.stopPropagation(); // else the notebook would take "d d" for "delete the cell"
    const command = commandOf(event.key, event.shiftKey);
    const { type } = path[0]; // a number is typed, a slider has arrow keys of its own
    const theirs = (type === "number" && !/^(Page|Esc)/.test(event.key)) ||
      (type === "range" && /^(Arrow|Page)/.test(event.key));
    if (!command || theirs) return;
    event.preventDefault();
    this.run(...command);
  }

  run(what, argument) {
    const large = this.model.get("large");
    const panels = large ? [this.panels[large - 1]] : this.panels;
    const acts = {
      step: () => this.step(argument),
      zoom: () => panels.forEach((panel) => panel.zoom(argument)),
      full: () => panels.forEach((panel) => panel.full()),
      move: () => panels.forEach((panel) => panel.move(-40 * argument[0], -40 * argument[1])),
      window: () => {
        this.changeWindow(argument[0] / 10, argument[1] / 20);
        this.model.save_changes();
      },
      large: () => this.large(argument),
      back: () => (this.help.hidden ? this.large(0) : this.run("help")),
      invert: () => this.toggle("inverted"),
      reset: () => this.reset(),
      marks: () => this.toggleAll(),
      show: () => this.toggle(argument),
      frame: () => panels.forEach((panel) => panel.stepFrame(argument)),
      marked: () => panels.forEach((panel) => panel.stepMarked(argument)),
      help: () => (this.help.hidden = !this.help.hidden),
    };
    acts[what]();
  }

  set(values) {
    for (const [name, value] of Object.entries(values)) this.model.set(name, value);
    this.model.save_changes();
  }

  toggle(trait) {
    this.set({ [trait]: !this.model.get(trait) });
  }

  toggleAll() {
    const any = ROLES.some(([trait]) => this.model.get(trait));
    this.set(Object.fromEntries(ROLES.map(([trait]) => [trait, !any])));
  }

  large(place) {
    for (const panel of this.panels) panel.look = FRESH;
    this.set({ large: place });
  }

  reset() {
    for (const panel of this.panels) panel.look = FRESH;
    this.set({ window: null, level_shift: 0, width_factor: 1, inverted: false });
    this.redraw();
  }

  changeWindow(wider, darker) {
    const factor = this.model.get("width_factor") * Math.exp(wider);
    const shift = this.model.get("inverted") ? -darker : darker;
    this.model.set("width_factor", Math.min(Math.max(factor, 0.01), 100));
    this.model.set("level_shift", this.model.get("level_shift") + shift);
  }

  setCase(number) {
    const last = this.model.get("n_cases");
    this.set({ case: Math.min(Math.max(Math.round(number) || 1, 1), last) });
    this.number.value = this.model.get("case");
  }

  step(by) {
    this.setCase(this.model.get("case") + by);
  }

  ask(message) {
    this.model.send({ case: this.model.get("case"), ...message });
    if (message.case) return; // for later: nobody waits for it
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const remedy = "if it was restarted, run the cell again";
      this.say(`Waiting for the kernel. It may be busy with a cell; ${remedy}.`);
    }, 4000);
  }

  say(words) {
    this.status.textContent = words;
  }

  /** Show the case that the model names; ask for it if it was not sent. */
  toCase() {
    const number = this.model.get("case");
    this.number.value = number;
    for (const panel of this.panels) {
      panel.look = FRESH;
      panel.loading = false;
    }
    const found = this.cases.get(number);
    this.title.textContent = found?.label ?? "";
    this.panels.forEach((panel, place) => panel.show(found?.views[place] ?? null));
    this.grid.classList.toggle("waiting", !found);
    const last = this.model.get("n_cases");
    this.say(found ? `Case ${number} of ${last}.` : `Case ${number} is being loaded.`);
    this.redraw();
    if (!found) this.ask({ kind: "case" });
    else this.prefetch(number + 1);
  }

  prefetch(number) {
    if (number > this.model.get("n_cases") || this.cases.has(number)) return;
    setTimeout(() => {
      if (this.model.get("case") === number - 1) this.ask({ kind: "case", case: number });
    }, 300);
  }

  got(message, buffers) {
    const now = message.case === this.model.get("case");
    if (now) {
      clearTimeout(this.waiting);
      this.say(`Case ${message.case} of ${this.model.get("n_cases")}.`);
    }
    if (message.kind === "case") {
      const views = message.views.map((head) => taken(head, buffers));
      this.cases.delete(message.case);
      this.cases.set(message.case, { label: message.label, views });
      if (this.cases.size > 3) this.cases.delete(this.cases.keys().next().value);
      if (now) this.toCase();
      return;
    }
    if (!now) return;
    const panel = this.panels[message.place];
    if (message.kind === "problem") this.problem(message, panel);
    else if (message.kind === "frame") {
      const view = taken(message.view, buffers);
      this.cases.get(message.case).views[message.place] = view;
      panel.gotFrame(view);
    } else if (panel.view?.frame === message.frame) {
      panel.tile = { ...message.picture, codes: codesOf(buffers[0]) };
      panel.painted = null;
      this.redraw();
    }
  }

  problem(message, panel) {
    const words = `Case ${message.case}: ${message.words}.`;
    if (panel) {
      panel.loading = false;
      panel.frames.value = panel.view?.frame;
      panel.trouble = message.words;
      this.redraw();
    } else this.grid.classList.remove("waiting");
    this.say(words);
  }

  /** Draw once in the next frame of the screen, and sharpen when all is still. */
  redraw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.draw();
    });
    clearTimeout(this.sharpening);
    this.sharpening = setTimeout(() => this.panels.forEach((panel) => panel.refine()), 150);
  }

  draw() {
    const large = this.model.get("large");
    this.grid.classList.toggle("alone", large > 0);
    this.panels.forEach((panel, place) => {
      panel.element.hidden = large > 0 && large !== place + 1;
    });
    ROLES.forEach(([trait], k) => {
      this.toggles[k].setAttribute("aria-pressed", this.model.get(trait));
    });
    this.invertButton.setAttribute("aria-pressed", this.model.get("inverted"));
    for (const panel of this.panels) panel.draw();
  }
}

export default {
  render({ model, el }) {
    const viewer = new Viewer(model, el);
    return () => viewer.remove();
  },
};
