// The deep-link builder: shows the link while its form is filled in. Without scripts, its button does.
"use strict";

const WAIT_MILLISECONDS = 400;

const form = document.getElementById("link-builder");
const result = document.getElementById("built-link");
const bookmark = document.getElementById("bookmarklet");
let timer = null;
let newest = 0;

async function showResult() {
  const query = new URLSearchParams(new FormData(form));
  const number = ++newest;
  if (!query.get("url").trim()) {
    result.replaceChildren();
    return;
  }
  const address = `${location.pathname}?${query}`;
  const response = await fetch(`${address}&result=1`);
  // A signed-out person is redirected to the sign-in page.
  if (number !== newest || !response.ok || response.redirected) return;
  result.innerHTML = await response.text();
  prepareCopyButtons(result);
  history.replaceState(null, "", address);
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(showResult, WAIT_MILLISECONDS);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  showResult();
});

bookmark.addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("bookmarklet-hint").hidden = false;
});
