// The page of a draft: everything works without this file; with it, links reach into tabs, placeholders go in by a click.
"use strict";

/** Show the tab and the folded rows around an element, then go to it. */
function reveal(target) {
  const group = target.closest("[id$='-group']");
  const tab = document.querySelector(`#tabs-items a[href="#${group ? group.id.replace(/-group$/, "") : "general"}"], #tabs-dropdown a[href="#${group ? group.id.replace(/-group$/, "") : "general"}"]`);
  if (tab) tab.click();
  for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  goTo(target, 60);
}

/** What its tab still hides takes no focus: ask again with each picture, for a second at most. */
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

/** Put a placeholder where the writer was in the text beside it. */
function insert(name) {
  const text = name.closest(".part-field").querySelector("textarea");
  text.setRangeText(name.textContent, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
}

function offer(list) {
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
  document.querySelectorAll(".placeholders").forEach(offer);
  document.addEventListener("formset:added", () => document.querySelectorAll(".placeholders").forEach(offer));
  for (const remove of document.querySelectorAll(".delete-template[hidden]")) remove.hidden = false;
  // After unfold has chosen a tab.
  setTimeout(() => revealNamed(window.location.hash), 0);
});
