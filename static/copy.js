// Buttons that copy a text; they are hidden without scripts.
"use strict";

const RESTORE_MILLISECONDS = 3000;

let announcement = null;

document.addEventListener("DOMContentLoaded", () => prepareCopyButtons(document));

// Scripts that add content to the page call this for it.
function prepareCopyButtons(root) {
  const buttons = root.querySelectorAll("button[data-copy]");
  if (buttons.length && !announcement) {
    announcement = document.createElement("div");
    announcement.setAttribute("role", "status");
    announcement.className = "visually-hidden";
    document.body.append(announcement);
  }
  for (const button of buttons) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copy(button.dataset.copy);
      button.textContent = announcement.textContent = button.dataset.done;
      setTimeout(() => {
        button.textContent = label;
        announcement.textContent = "";
      }, RESTORE_MILLISECONDS);
    });
  }
}

// Browsers have no clipboard on pages without HTTPS, except at localhost.
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
