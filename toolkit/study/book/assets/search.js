// Queries are folded as the index is (FoldedSearch in extension.py): "nhũ ảnh" finds "nhu anh".
// Below each page that is found stand the lines of the hit, which searchlines.js holds.
(() => {
  const Plain = Stemmer;
  const split = splitQuery;
  const MOST_LINES = 3;
  const AROUND = 90; // letters shown on either side of a hit
  const FEWEST_LETTERS = 3; // from which up a part of a word counts, as in the index
  const WORD = /[\p{L}\p{N}\p{M}_]+/gu;
  const fold = (word) =>
    word.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "");
  const stem = (word) => new Plain().stemWord(fold(word));
  Stemmer = class {
    stemWord = stem;
  };
  splitQuery = (query) => split(query.normalize("NFC"));

  // The words of a line that the query names, each with its place.
  const hits = (line, terms) =>
    [...line.matchAll(WORD)].flatMap((match) => {
      const word = fold(match[0]);
      const same = (one) => stem(word) === one.stem || (one.part && word.includes(one.part));
      const term = terms.find(same);
      return term ? [{ from: match.index, to: match.index + match[0].length, term }] : [];
    });

  // Where to cut: at a blank within the reach, so that no word is torn.
  const excerpt = (line, first) => {
    let from = Math.max(0, first.from - AROUND);
    let to = Math.min(line.length, first.to + AROUND);
    if (from) from = Math.min(line.indexOf(" ", from) + 1 || from, first.from);
    if (to < line.length) to = Math.max(line.lastIndexOf(" ", to), first.to);
    return [from, to];
  };

  const shown = (line, found, href) => {
    const text = document.createElement("p");
    const link = document.createElement("a");
    text.className = "hit";
    text.append(link);
    link.href = href;
    let [place, end] = excerpt(line, found[0]);
    link.append(place ? "…" : "");
    for (const hit of found.filter((one) => one.to <= end)) {
      const mark = document.createElement("mark");
      mark.textContent = line.slice(hit.from, hit.to);
      link.append(line.slice(place, hit.from), mark);
      place = hit.to;
    }
    link.append(line.slice(place, end), end < line.length ? "…" : "");
    return text;
  };

  const addLines = (item, terms) => {
    const href = item.querySelector("a").getAttribute("href").split(/[?#]/)[0];
    const lines = window.studyLines[href.replace(/\.html$/, "")] ?? [];
    const found = lines
      .map(([anchor, line]) => ({ anchor, line, hits: hits(line, terms) }))
      .filter((one) => one.hits.length)
      .map((one) => ({ ...one, terms: new Set(one.hits.map((hit) => hit.term)).size }))
      .sort((a, b) => b.terms - a.terms) // those with most of the words first, else in their order
      .slice(0, MOST_LINES);
    for (const one of found)
      item.append(shown(one.line, one.hits, one.anchor ? `${href}#${one.anchor}` : href));
  };

  addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector(".bd-article form.bd-search input");
    field.focus();
    field.select();
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const terms = splitQuery(query).map((word) => ({
      stem: stem(word),
      part: word.length < FEWEST_LETTERS ? "" : fold(word),
    }));
    const done = new Set();
    const look = () => {
      for (const item of document.querySelectorAll("ul.search > li")) {
        if (!done.has(item)) {
          done.add(item);
          addLines(item, terms);
        }
      }
    };
    new MutationObserver(look).observe(document.querySelector("#search-results"), {
      childList: true,
      subtree: true,
    });
    look();
  });
})();
