// Text fields that suggest rows while one types: the combobox pattern of WAI-ARIA, with a list of options.
"use strict";

const WAIT_MILLISECONDS = 150;

document.addEventListener("DOMContentLoaded", () => {
  for (const input of document.querySelectorAll("input[data-picker]")) {
    setUp(input);
  }
});

function setUp(input) {
  const list = document.createElement("ul");
  list.id = `${input.id}-options`;
  list.className = "picker-options";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.found);
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  const chosen = document.createElement("span");
  chosen.className = "picker-chosen";
  chosen.id = `${input.id}-chosen`;
  const box = document.createElement("span");
  box.className = "picker";
  input.replaceWith(box);
  box.append(input, list, chosen, status);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-expanded", "false"],
    ["aria-controls", list.id],
  ]) {
    input.setAttribute(name, value);
  }
  input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") || ""} ${chosen.id}`.trim());
  const picker = { input, list, status, chosen, active: -1, timer: 0, request: 0 };
  input.addEventListener("input", () => askSoon(picker));
  input.addEventListener("keydown", (event) => press(picker, event));
  input.addEventListener("blur", () => close(picker));
  if (input.value && !("several" in input.dataset)) {
    nameChosen(picker);
  }
}

function askSoon(picker) {
  picker.chosen.textContent = "";
  clearTimeout(picker.timer);
  picker.timer = setTimeout(() => ask(picker), WAIT_MILLISECONDS);
}

// Of several values, the one after the last comma is being typed.
function getTyped(input) {
  return ("several" in input.dataset ? input.value.split(",").pop() : input.value).trim();
}

async function ask(picker) {
  const typed = getTyped(picker.input);
  const request = ++picker.request;
  const suggestions = typed ? await load(picker.input, typed) : [];
  // An older answer may arrive later than a newer one.
  if (request !== picker.request) {
    return;
  }
  picker.list.replaceChildren(...suggestions.map((one, index) => buildOption(picker, one, index)));
  picker.active = -1;
  picker.input.removeAttribute("aria-activedescendant");
  show(picker, suggestions.length > 0 && document.activeElement === picker.input);
  if (typed) {
    const { found, none } = picker.input.dataset;
    picker.status.textContent = suggestions.length ? `${found} ${suggestions.length}` : none;
  }
}

async function load(input, typed) {
  try {
    const response = await fetch(`${input.dataset.picker}?q=${encodeURIComponent(typed)}`);
    return response.ok ? (await response.json()).suggestions : [];
  } catch {
    return [];
  }
}

function buildOption(picker, suggestion, index) {
  const option = document.createElement("li");
  option.id = `${picker.list.id}-${index}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.dataset.value = suggestion.value;
  const label = document.createElement("strong");
  label.textContent = suggestion.label;
  const detail = document.createElement("small");
  detail.textContent = suggestion.detail;
  option.append(label, " ", detail);
  // Before the field loses its focus.
  option.addEventListener("mousedown", (event) => {
    event.preventDefault();
    choose(picker, option);
  });
  return option;
}

function show(picker, isShown) {
  picker.list.hidden = !isShown;
  picker.input.setAttribute("aria-expanded", String(isShown));
}

function close(picker) {
  picker.request += 1;
  clearTimeout(picker.timer);
  picker.active = -1;
  picker.input.removeAttribute("aria-activedescendant");
  show(picker, false);
}

function press(picker, event) {
  const isOpen = !picker.list.hidden;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) {
    event.preventDefault();
    isOpen ? move(picker, steps[event.key]) : ask(picker);
  } else if (event.key === "Escape" && isOpen) {
    event.preventDefault();
    close(picker);
  } else if (event.key === "Enter" && isOpen && picker.active >= 0) {
    event.preventDefault();
    choose(picker, picker.list.children[picker.active]);
  }
}

function move(picker, step) {
  const options = [...picker.list.children];
  const last = options.length - 1;
  const next = picker.active + step;
  picker.active = next < 0 ? last : next > last ? 0 : next;
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === picker.active)));
  options[picker.active].scrollIntoView({ block: "nearest" });
  picker.input.setAttribute("aria-activedescendant", options[picker.active].id);
}

function choose(picker, option) {
  const { input } = picker;
  if ("several" in input.dataset) {
    const others = input.value.split(",").slice(0, -1).map((one) => one.trim());
    input.value = `${[...others, option.dataset.value].join(", ")}, `;
  } else {
    input.value = option.dataset.value;
    picker.chosen.textContent = option.textContent;
  }
  close(picker);
}

// A field that is shown again has a value; its name is shown beside it.
async function nameChosen(picker) {
  const suggestions = await load(picker.input, getTyped(picker.input));
  const exact = suggestions.find((one) => one.value.toLowerCase() === getTyped(picker.input).toLowerCase());
  picker.chosen.textContent = exact ? `${exact.label} ${exact.detail}` : "";
}
