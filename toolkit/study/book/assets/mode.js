// Before the page is drawn: light or dark, as the reader chose or as the system has it.
(() => {
  const root = document.documentElement;
  let mode = null;
  try {
    mode = localStorage.getItem("mode");
  } catch {
    // A browser that keeps nothing for local files still shows the page.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode || "auto";
  root.dataset.theme = mode === "dark" || (mode !== "light" && dark) ? "dark" : "light";
})();
