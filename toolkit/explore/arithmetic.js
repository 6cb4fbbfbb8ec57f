// From codes to grey, and from a picture to the screen: numbers in, numbers out, no page.
// The grey is that of toolkit/readers/dicom/pixels/grey_scale.py; a test holds the two together.

export const PADDING = 65535;
export const HANGING = ["R CC", "L CC", "R MLO", "L MLO"];

/** Round half to even, as numpy does. */
export function rint(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

/** Grey from 0 to 1 of a value, before any inversion (PS3.3 section C.11.2.1). */
export function grey(value, scale) {
  if (scale.table) {
    return clip(scale.table[clip(rint(value) - scale.first, 0, scale.table.length - 1)], 0, 1);
  }
  const offset = value - scale.center;
  if (scale.function === "SIGMOID") {
    return 1 / (1 + Math.exp(clip((-4 * offset) / scale.width, -80, 80)));
  }
  if (scale.function === "LINEAR") {
    if (scale.width === 1) return offset > -0.5 ? 1 : 0;
    return clip((offset + 0.5) / (scale.width - 1) + 0.5, 0, 1);
  }
  return clip(offset / scale.width + 0.5, 0, 1);
}

/** Grey from 0 to 255 of each code: inversion after the window, padding black. */
export function greyOfCodes(picture, scale, inverted) {
  const greys = new Uint8Array(65536);
  for (let code = 0; code < PADDING; code++) {
    const share = grey(picture.low + code / picture.per_unit, scale);
    greys[code] = rint(255 * (inverted ? 1 - share : share));
  }
  return greys;
}

/** The scale of a view after what was asked for; a table that is moved becomes a window.
 *  A shift up is darker: where low values are bright it lowers the window. */
export function adjusted(scale, { window, levelShift = 0, widthFactor = 1, lowIsBright = false }) {
  const base = window
    ? { function: "LINEAR", center: window[0], width: Math.max(1, window[1]) }
    : scale;
  if (!levelShift && widthFactor === 1) return base;
  return {
    function: base.table ? "LINEAR" : base.function,
    center: base.center + (lowIsBright ? -levelShift : levelShift) * base.width,
    width: Math.max(1, base.width * widthFactor),
  };
}

/** Where a picture lies on its panel: screen = picture * scale + (left, top).
 *  A look is {zoom, x, y}: x, y the picture's point in the panel's middle, null as it hangs. */
export function placed(picture, panel, look, place) {
  const fit = Math.min(panel.width / picture.columns, panel.height / picture.rows);
  const scale = fit * look.zoom;
  if (look.x !== null) {
    return {
      scale,
      left: panel.width / 2 - look.x * scale,
      top: panel.height / 2 - look.y * scale,
    };
  }
  const room = panel.width - picture.columns * scale;
  const alone = place < 0; // one view large: in the middle
  const left = alone ? room / 2 : HANGING[place][0] === "R" ? room : 0; // chest walls meet
  return { scale, left, top: (panel.height - picture.rows * scale) / 2 };
}

/** A look after zooming by a factor; the point of the picture at (x, y) of the panel stays. */
export function zoomed(picture, panel, look, place, factor, x, y) {
  const fit = Math.min(panel.width / picture.columns, panel.height / picture.rows);
  const zoom = clip(look.zoom * factor, 1, Math.max(1, 8 / fit)); // at most 8 screen pixels a pixel
  if (zoom === 1) return { zoom, x: null, y: null };
  const before = placed(picture, panel, look, place);
  const scale = fit * zoom;
  const left = x - ((x - before.left) / before.scale) * scale;
  const top = y - ((y - before.top) / before.scale) * scale;
  return inside(picture, {
    zoom,
    x: (panel.width / 2 - left) / scale,
    y: (panel.height / 2 - top) / scale,
  });
}

/** A look after the picture was moved by so many screen pixels. */
export function moved(picture, panel, look, place, dx, dy) {
  if (look.zoom === 1) return look;
  const now = placed(picture, panel, look, place);
  return inside(picture, {
    zoom: look.zoom,
    x: (panel.width / 2 - now.left - dx) / now.scale,
    y: (panel.height / 2 - now.top - dy) / now.scale,
  });
}

/** A look whose middle is in the picture, so that it cannot be lost. */
export function inside(picture, look) {
  return { ...look, x: clip(look.x, 0, picture.columns), y: clip(look.y, 0, picture.rows) };
}

/** The part and reduction that the screen can show but `picture` does not hold; null if it does. */
export function neededTile(view, panel, where, ratio) {
  const dots = where.scale * ratio; // screen dots for a pixel of the picture
  const factor = Math.max(1, Math.floor(1 / dots));
  if (factor >= view.picture.factor) return null;
  const seen = [
    -where.left / where.scale,
    -where.top / where.scale,
    (panel.width - where.left) / where.scale,
    (panel.height - where.top) / where.scale,
  ];
  const margin = [(seen[2] - seen[0]) / 10, (seen[3] - seen[1]) / 10];
  const cut = (box) => [
    clip(Math.floor(box[0]), 0, view.columns),
    clip(Math.floor(box[1]), 0, view.rows),
    clip(Math.ceil(box[2]), 0, view.columns),
    clip(Math.ceil(box[3]), 0, view.rows),
  ];
  const least = cut(seen);
  if (least[2] <= least[0] || least[3] <= least[1]) return null;
  const box = cut([
    seen[0] - margin[0],
    seen[1] - margin[1],
    seen[2] + margin[0],
    seen[3] + margin[1],
  ]);
  return { least, box, factor };
}

/** Whether a tile shows a part at a reduction no worse than asked for. */
export function covers(tile, least, factor) {
  if (!tile || tile.factor > factor) return false;
  const right = tile.x + tile.columns * tile.factor;
  const lower = tile.y + tile.rows * tile.factor;
  return tile.x <= least[0] && tile.y <= least[1] && right >= least[2] && lower >= least[3];
}

/** Whether a mark is drawn on a frame. */
export const onFrame = (mark, frame) => mark.frame === null || mark.frame === frame;

/** The next frame with a mark in a direction, or the same frame if there is none. */
export function nextMarked(view, step) {
  const frames = view.marks.map((mark) => mark.frame).filter((frame) => frame !== null);
  const ahead = frames.filter((frame) => (frame - view.frame) * step > 0);
  if (!ahead.length) return view.frame;
  return step > 0 ? Math.min(...ahead) : Math.max(...ahead);
}

/** What a key asks for: [what, argument]; undefined if it is none of ours. */
export function commandOf(key, shift) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (Object.hasOwn(arrows, key)) return [shift ? "window" : "move", arrows[key]];
  if (/^[1-4]$/.test(key)) return ["large", Number(key)];
  const commands = {
    n: ["step", 1],
    PageDown: ["step", 1],
    p: ["step", -1],
    PageUp: ["step", -1],
    "+": ["zoom", 1.25],
    "=": ["zoom", 1.25],
    "-": ["zoom", 0.8],
    f: ["full"],
    i: ["invert"],
    0: ["reset"],
    Escape: ["back"],
    m: ["marks"],
    a: ["show", "show_ai"],
    u: ["show", "show_unaided"],
    w: ["show", "show_aided"],
    ".": ["frame", 1],
    ",": ["frame", -1],
    ">": ["marked", 1],
    "<": ["marked", -1],
    "?": ["help"],
  };
  const name = key.length === 1 ? key.toLowerCase() : key;
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}
