// The page that checks a landing page: opens it, shows what accord.js reports, and lists the events that arrive.
"use strict";

const REPORT_SECONDS = 20;
const POLL_SECONDS = 3;

const link = document.getElementById("landing-open");
const report = document.getElementById("landing-report");
const list = document.getElementById("landing-events");
let timer = null;

function show(state) {
  for (const line of report.children) line.hidden = line.dataset.state !== state;
}

function readState({ consent, stored }) {
  if (stored) return "stored";
  if (consent === false) return "refused";
  return consent ? "failed" : "consent";
}

// The link itself opens the page, so a click before this script runs loses nothing.
link.addEventListener("click", () => {
  show("waiting");
  clearTimeout(timer);
  timer = setTimeout(() => show("silent"), REPORT_SECONDS * 1000);
});

addEventListener("message", ({ source, data }) => {
  if (source?.opener !== window || !data?.accord) return;
  clearTimeout(timer);
  show(readState(data.accord));
});

async function poll() {
  const { events } = await (await fetch(list.dataset.url)).json();
  const lines = events.map(({ order, text }) => {
    const line = document.createElement("li");
    line.textContent = order ? `${order}: ${text}` : text;
    return line;
  });
  list.replaceChildren(...lines);
}

if (list) setInterval(() => poll().catch(() => {}), POLL_SECONDS * 1000);
