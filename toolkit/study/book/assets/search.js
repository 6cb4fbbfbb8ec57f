// Queries are folded as the index is (FoldedSearch in extension.py): "nhũ ảnh" finds "nhu anh".
(() => {
  const Plain = Stemmer;
  const split = splitQuery;
  const fold = (word) =>
    word.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "");
  Stemmer = class {
    stemWord = (word) => new Plain().stemWord(fold(word));
  };
  splitQuery = (query) => split(query.normalize("NFC"));
  addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector(".bd-article form.bd-search input");
    field.focus();
    field.select();
  });
})();
