// Node: store the click id of a tracking link in a cookie that the server sets.
// Express: app.use(storeClickId()), and send readClickId(request) with the order, as its `click_id`.

const CLICK_ID = /^[A-Za-z0-9_-]{76}$/;
const COOKIE = "accord_click_id";
const DAYS = 3; // the attribution window of the agreement

/** Return a middleware. `hasConsent(request)` asks your consent management. */
export function storeClickId(hasConsent = () => true) {
  return (request, response, next) => {
    const clickId = new URLSearchParams(request.url.split("?")[1]).get("click_id") ?? "";
    if (CLICK_ID.test(clickId) && hasConsent(request)) {
      const age = DAYS * 24 * 60 * 60;
      response.appendHeader("Set-Cookie", `${COOKIE}=${clickId}; Max-Age=${age}; Path=/; SameSite=Lax; Secure`);
      // No cache may give this visitor's cookie to others.
      response.setHeader("Cache-Control", "private, no-store");
    }
    next();
  };
}

/** Return the visitor's click id, or null. */
export function readClickId(request) {
  const cookies = (request.headers.cookie ?? "").split(/; */);
  const clickIds = cookies.filter((cookie) => cookie.startsWith(`${COOKIE}=`)).map((cookie) => cookie.slice(COOKIE.length + 1));
  return clickIds.find((clickId) => CLICK_ID.test(clickId)) ?? null;
}
