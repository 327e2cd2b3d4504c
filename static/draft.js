// Progressive enhancement of the draft page: links open tabs, and placeholders are inserted with a click.
"use strict";

/** Open the tab and the folded rows around an element, then focus it. */
function reveal(target) {
  const group = target.closest("[id$='-group']");
  const tab = document.querySelector(`#tabs-items a[href="#${group ? group.id.replace(/-group$/, "") : "general"}"], #tabs-dropdown a[href="#${group ? group.id.replace(/-group$/, "") : "general"}"]`);
  if (tab) tab.click();
  for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  goTo(target, 60);
}

/** Focus an element as soon as its tab is visible; try again in each frame, for at most a second. */
function goTo(target, tries) {
  if (target.getClientRects().length === 0 && tries > 0) {
    requestAnimationFrame(() => goTo(target, tries - 1));
    return;
  }
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
}

function revealNamed(fragment) {
  const target = fragment && document.getElementById(decodeURIComponent(fragment.slice(1)));
  if (target && target.closest("form")) reveal(target);
  return Boolean(target);
}

/** Insert a placeholder at the cursor of the text beside it. */
function insert(name) {
  const text = name.closest(".part-field").querySelector("textarea");
  text.setRangeText(name.textContent, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
}

function makeClickable(list) {
  for (const name of list.querySelectorAll("code:not([role])")) {
    name.setAttribute("role", "button");
    name.tabIndex = 0;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".problem-summary a[href^='#'], .rules-table a[href^='#']");
  if (link && revealNamed(link.hash)) event.preventDefault();
  const name = event.target.closest(".placeholders code");
  if (name) insert(name);
});

document.addEventListener("keydown", (event) => {
  const name = event.target.closest?.(".placeholders code");
  if (name && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    insert(name);
  }
});

window.addEventListener("load", () => {
  document.querySelectorAll(".placeholders").forEach(makeClickable);
  document.addEventListener("formset:added", () => document.querySelectorAll(".placeholders").forEach(makeClickable));
  for (const remove of document.querySelectorAll(".delete-template[hidden]")) remove.hidden = false;
  // After unfold has selected a tab.
  setTimeout(() => revealNamed(window.location.hash), 0);
});
