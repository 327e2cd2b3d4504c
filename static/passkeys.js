// Passkey buttons: shown only where they work, with a message when the browser refuses or the person cancels.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  if (!window.PublicKeyCredential) return;
  for (const element of document.querySelectorAll("[data-needs-passkeys]")) element.hidden = false;
});

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const message = document.getElementById("passkey-error");
  message.hidden = false;
  message.scrollIntoView({ block: "nearest" });
});
