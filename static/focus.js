// The browser ignores "autofocus" on a page whose address has a fragment, and a form keeps that of a followed skip link.
"use strict";

document.addEventListener("submit", () => {
  if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
});
