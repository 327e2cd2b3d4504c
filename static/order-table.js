// The table of orders in the form that opens a review: filter, a box for all rows shown, and the sum of the chosen ones.
for (const table of document.querySelectorAll("[data-order-table]")) {
  const rows = [...table.querySelectorAll("tbody tr")];
  const boxes = rows.map((row) => row.querySelector("input"));
  const total = table.querySelector("[data-total]");
  const all = table.querySelector("[data-all]");
  const filter = table.querySelector("[data-filter]");

  const update = () => {
    const cents = boxes.filter((box) => box.checked).reduce((sum, box) => sum + Math.round(box.dataset.amount * 100), 0);
    total.textContent = (cents / 100).toFixed(2);
    const shown = boxes.filter((_box, index) => !rows[index].hidden);
    all.checked = shown.length > 0 && shown.every((box) => box.checked);
  };

  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words);
    update();
  });
  // Enter in the filter must not open the review.
  filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  all.addEventListener("change", () => {
    boxes.forEach((box, index) => { if (!rows[index].hidden) box.checked = all.checked; });
    update();
  });
  table.addEventListener("change", update);
  table.querySelector(".order-table-tools").hidden = false;
  update();
}
