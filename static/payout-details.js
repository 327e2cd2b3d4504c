// Progressive enhancement of the form of payout details: only the fields of the chosen method and country are shown.
"use strict";

const texts = JSON.parse(document.getElementById("field-texts").textContent);
const [method, country, bankCode, account] = ["method", "country", "bank_code", "account"].map((name) => document.getElementById(`id_${name}`));

/** Write label and help of a field. */
function describe(input, [label, help]) {
  const field = input.closest(".field");
  field.querySelector("label").textContent = label;
  const note = field.querySelector(".help");
  if (note) note.textContent = help;
}

function update() {
  const isBank = method.value === "bank";
  for (const input of [country, bankCode]) input.closest(".field").hidden = !isBank;
  const chosen = isBank && country.value ? texts.rules[texts.countries[country.value]] : texts.methods[method.value];
  describe(bankCode, chosen.bank_code);
  describe(account, chosen.account);
}

// A bank transfer needs the country, and no other method shows it.
country.closest(".field").querySelector(".optional")?.remove();
for (const input of [method, country]) input.addEventListener("change", update);
// An IBAN begins with the code of its country.
account.addEventListener("input", () => {
  const [, code] = account.value.match(/^\s*([A-Za-z]{2})\d{2}[\sA-Za-z0-9]{10,}$/) ?? [];
  if (!code || method.value !== "bank" || !(code.toUpperCase() in texts.countries)) return;
  country.value = code.toUpperCase();
  update();
});
update();
