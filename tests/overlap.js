// Texts of the open page that overprint each other: [text, text, what holds them] for each pair.
(() => {
  const LINE = 0.2; // of a line above its capitals and below its base line, where no letter stands
  const TOUCH = 1; // pixels that letters may share
  const scrolls = (style) => /auto|scroll|hidden|clip/.test(style.overflowX + style.overflowY);
  const boxes = [];

  // What is left of a rectangle within all boxes that cut it off.
  const cut = (rect, frames) => {
    const left = Math.max(rect.left, ...frames.map((one) => one.left));
    const right = Math.min(rect.right, ...frames.map((one) => one.right));
    const top = Math.max(rect.top, ...frames.map((one) => one.top));
    const bottom = Math.min(rect.bottom, ...frames.map((one) => one.bottom));
    return { left, right, top, bottom };
  };

  const letters = (rect, element) => {
    const size = parseFloat(getComputedStyle(element).fontSize);
    const drawn = element.closest("svg");
    const height = drawn ? rect.height : Math.min(rect.height, size * 1.2);
    const middle = (rect.top + rect.bottom) / 2;
    const turned = drawn && rect.height > 1.5 * rect.width; // on its side, so trimmed from there
    const [x, y] = turned ? [LINE * rect.width, 0] : [0, LINE * height];
    return {
      left: rect.left + x,
      right: rect.right - x,
      top: middle - height / 2 + y,
      bottom: middle + height / 2 - y,
    };
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, noscript, title, desc, math")) continue;
    const seen = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };
    if (!element.checkVisibility(seen)) continue;
    const style = getComputedStyle(element);
    if (/^(rgba\(.*, 0\)|transparent)$/.test(element.closest("svg") ? style.fill : style.color))
      continue;
    const frames = [];
    let scroller = null;
    for (let up = element; up && up !== document.body; up = up.parentElement) {
      const own = getComputedStyle(up);
      if (up.closest("svg") === up || !up.closest("svg")) {
        if (up.tagName !== "svg" && scrolls(own)) {
          frames.push(up.getBoundingClientRect());
          scroller ??= up;
        }
      }
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue;
      const full = letters(rect, element);
      boxes.push({ node, element, scroller, full, seen: cut(full, frames), text: node.data.trim() });
    }
  }

  const meet = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > TOUCH &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > TOUCH;

  boxes.sort((a, b) => a.full.top - b.full.top);
  const found = [];
  boxes.forEach((a, place) => {
    for (const b of boxes.slice(place + 1)) {
      if (b.full.top > a.full.bottom) break;
      // Within one scrolled box everything can be scrolled into view; else what is seen counts.
      const whole = a.scroller === b.scroller;
      if (a.node === b.node || !meet(whole ? a.full : a.seen, whole ? b.full : b.seen)) continue;
      const holder = a.element.closest("figure, .headline, [id]");
      found.push([a.text.slice(0, 60), b.text.slice(0, 60), holder?.id || holder?.className || ""]);
    }
  });
  return found;
})();
