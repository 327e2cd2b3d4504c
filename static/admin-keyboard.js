// What unfold leaves to the mouse: its menus become buttons, and an error that asks for the focus gets it.
"use strict";

const REACHABLE = "a[href], button, input, select, textarea, summary, label";

document.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("main");
  // The name of its scrolled part, which simplebar makes a region.
  document.getElementById("nav-sidebar-apps")?.setAttribute("data-simplebar-aria-label", main?.dataset.menu);
  const names = { dock_to_right: main?.dataset.menu, close: main?.dataset.close };
  for (const icon of document.querySelectorAll(".material-symbols-outlined")) {
    const name = names[icon.textContent.trim()];
    if (name) icon.setAttribute("aria-label", name);
    else if (icon.parentElement.textContent.trim() !== icon.textContent.trim()) icon.setAttribute("aria-hidden", "true");
  }
  for (const one of document.querySelectorAll("[x-on\\:click]")) {
    if (one.matches(REACHABLE) || one.querySelector(REACHABLE)) continue;
    one.setAttribute("role", "button");
    one.tabIndex = 0;
  }
  // The browser looks for it while unfold still hides the page.
  main?.querySelector("[autofocus]")?.focus();
});

document.addEventListener("keydown", (event) => {
  if (!["Enter", " "].includes(event.key) || !event.target.matches("[role='button'][x-on\\:click]")) return;
  event.preventDefault();
  event.target.click();
});
