// Progressive enhancement of the page of paths: the preview follows what is typed.
"use strict";

const form = document.querySelector(".path-form");
let waiting = 0;
let latest = 0;

/** Ask the server what it makes of the form, and show the newest answer. */
async function showPreview() {
  const number = ++latest;
  const data = new FormData(form);
  data.set("fragment", "1");
  const response = await fetch(location.pathname, { method: "POST", body: data, credentials: "same-origin" });
  if (!response.ok || number !== latest) return;
  const answer = new DOMParser().parseFromString(await response.text(), "text/html");
  const preview = document.getElementById("preview");
  preview.replaceChildren(...answer.body.childNodes);
  for (const found of preview.querySelectorAll("[data-of]")) {
    const place = form.querySelector(`[data-found="${CSS.escape(found.dataset.of)}"]`);
    if (place) place.textContent = found.textContent.trim() || "–";
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(showPreview, 300);
});
