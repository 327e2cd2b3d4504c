// Carries the click id of a tracking link from the landing page into the order: docs/accord-js.md.
(() => {
  "use strict";
  const options = document.currentScript?.dataset ?? {};
  const parameter = options.parameter || "click_id";
  const field = options.field || "click_id";
  const property = `properties[_${field}]`;
  const cookie = options.cookie || "accord_click_id";
  const seconds = (Number(options.days) || 3) * 86400;
  // Before routers change it.
  const landing = new URL(performance.getEntriesByType("navigation")[0]?.name || location);
  let consent = "consent" in options ? undefined : true;
  let found = "";
  let inCart = "";

  // A shop's own values stay.
  const isOurs = (text) => /^([\w-]{76})?$/.test(text ?? "");
  const findAll = (selector) => document.querySelectorAll(selector);

  // Bytes 17 to 24 of a click id are its time.
  const getTime = (id) =>
    [...atob((id || "").replace(/-/g, "+").replace(/_/g, "/")).slice(17, 25)].reduce((sum, byte) => sum * 256 + byte.charCodeAt(), 0) / 1000;

  // The back button may lead to an older one.
  const pickNewest = (ids) => ids.reduce((best, id) => (isOurs(id) && getTime(id) > getTime(best) ? id : best), "");

  const readCookie = () => pickNewest([...document.cookie.matchAll(`(?:^|; )${cookie}=([^;]*)`)].map((match) => match[1]));

  function writeCookie(id, age) {
    const domain = options.domain ? `; domain=${options.domain}` : "";
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${cookie}=${id}; max-age=${Math.floor(age)}; path=/; samesite=lax${domain}${secure}`;
  }

  function updateConsent() {
    const path = (options.consent || "").split(".");
    const name = path.pop();
    const answer = path.reduce((owner, key) => owner?.[key], window)?.[name]?.("marketing");
    if (typeof answer === "boolean") consent = answer;
  }

  function clickId() {
    updateConsent();
    found = pickNewest([found, ...[landing, new URL(location)].map((url) => url.searchParams.get(parameter))]);
    const stored = readCookie();
    if (consent === false && stored) {
      inCart = stored;
      writeCookie("", 0);
    }
    if (!consent) return "";
    const left = Math.min(seconds, getTime(found) + seconds - Date.now() / 1000);
    if (left < 1 || pickNewest([stored, found]) === stored) return stored;
    writeCookie(found, left);
    return found;
  }

  function fillForms(id) {
    if (window.Shopify && id)
      for (const form of findAll("form[action*='/cart/add']"))
        if (!form.elements[property])
          form.append(Object.assign(document.createElement("input"), { type: "hidden", name: property }));
    for (const input of findAll("input[type=hidden]"))
      if ([field, property].includes(input.name) && isOurs(input.value)) input.value = id;
  }

  function fillStripe(id) {
    for (const link of findAll("a[href^='https://buy.stripe.com/'], a[data-accord]")) {
      const url = new URL(link.href);
      if (!isOurs(url.searchParams.get("client_reference_id"))) continue;
      url.searchParams.delete("client_reference_id");
      if (id) url.searchParams.set("client_reference_id", id);
      link.href = url;
    }
    for (const button of findAll("stripe-buy-button, stripe-pricing-table"))
      if (isOurs(button.getAttribute("client-reference-id"))) button.setAttribute("client-reference-id", id);
  }

  async function fillCart(id) {
    if (!window.Shopify || inCart === id) return;
    inCart = id;
    const path = `${window.Shopify.routes?.root || "/"}cart`;
    const cart = await (await fetch(`${path}.js`)).json();
    if ((cart.attributes?.[field] || "") === id) return;
    const body = JSON.stringify({ attributes: { [field]: id } });
    await fetch(`${path}/update.js`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }

  function fill() {
    const id = clickId();
    if (id || consent === false) {
      fillForms(id);
      fillStripe(id);
      fillCart(id).catch(() => (inCart = ""));
    }
    // Staff check the page.
    if (landing.searchParams.has("accord_check"))
      window.opener?.postMessage({ accord: { consent, stored: found !== "" && readCookie() === found } }, "*");
  }

  window.accord = {
    clickId,
    consent(given) {
      consent = given;
      fill();
    },
  };
  for (const type of "DOMContentLoaded pageshow popstate click submit visitorConsentCollected wp_listen_for_consent_change".split(" "))
    addEventListener(type, fill, true);
  addEventListener("formdata", ({ formData }) => {
    const id = clickId();
    if (id && isOurs(formData.get(field) ?? "-")) formData.set(field, id);
  });
  fill();
})();
