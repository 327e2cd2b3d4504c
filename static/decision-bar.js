// The bar that leads to the decision below a long text: it shows how much is read, and goes away at the decision.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const bar = document.querySelector(".decision-bar");
  const decision = document.getElementById(bar.dataset.until);
  const progress = bar.querySelector("progress");
  progress.hidden = false;
  const update = () => {
    const distance = decision.getBoundingClientRect().top + window.scrollY - window.innerHeight;
    progress.value = distance > 0 ? Math.min(100, (100 * window.scrollY) / distance) : 100;
  };
  new IntersectionObserver(([entry]) => {
    bar.hidden = entry.isIntersecting;
  }).observe(decision);
  document.addEventListener("scroll", update, { passive: true });
  update();
});
