// Figures as files, made from the drawing on the page: SVG, or PNG with 600 pixels an inch. Links of
// the paper trail give the CSV of the figure or table that they name.
(() => {
  const here = document.currentScript.src;
  const DPI = 600;
  const VARIABLE = /var\(--[\w-]+, ?(#[0-9a-f]{6})\)/g;
  let fonts = null;

  const save = (content, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  // The drawing in its light colours on white paper, with what the page's style sheet adds to it.
  const drawing = (svg, style) => {
    const copy = svg.cloneNode(true);
    const [left, top, width, height] = copy.getAttribute("viewBox").split(" ");
    const paper = document.createElementNS(copy.namespaceURI, "rect");
    for (const [name, value] of Object.entries({ x: left, y: top, width, height, fill: "#ffffff" }))
      paper.setAttribute(name, value);
    copy.prepend(paper);
    if (style) {
      const sheet = document.createElementNS(copy.namespaceURI, "style");
      sheet.textContent = style;
      copy.prepend(sheet);
    }
    return new XMLSerializer().serializeToString(copy).replace(VARIABLE, "$1");
  };

  const load = () => {
    fonts ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL("picture-fonts.js", here).href;
      script.onload = () => resolve(window.pictureFonts);
      script.onerror = reject;
      document.head.append(script);
    });
    return fonts;
  };

  const png = async (svg) => {
    const text = drawing(svg, await load());
    const picture = new Image();
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    const scale = DPI / 96;
    canvas.width = Math.round(svg.getAttribute("width") * scale);
    canvas.height = Math.round(svg.getAttribute("height") * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  };

  addEventListener("click", async (event) => {
    const link = event.target.closest?.("a.picture, a.csv-of");
    if (!link) return;
    event.preventDefault();
    const figure = document.querySelector(link.getAttribute("href"));
    if (link.matches(".csv-of")) {
      figure.querySelector('a[download$=".csv"]').click();
      return;
    }
    const svg = figure.querySelector("svg.plot");
    const name = `${figure.id}.${link.dataset.kind}`;
    if (link.dataset.kind === "png") save(await png(svg), name);
    else save(new Blob([drawing(svg)], { type: "image/svg+xml" }), name);
  });
})();
