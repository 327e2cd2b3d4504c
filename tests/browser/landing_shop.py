"""A shop of a few pages that exists in the browser alone, with the strictest policy that accord.js has to work with."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from playwright.sync_api import BrowserContext, Page, Route

from shops.landing import script
from tracking.clicks.click_ids import sign_click_id

SHOP, PORTAL = "https://shop.example", "https://links.example"
POLICY = (
    f"default-src 'none'; connect-src 'self'; form-action 'self'; script-src 'self' {PORTAL};"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
BODY = """
<form id="order" action="/order" method="get"><input type="hidden" name="click_id"><button>Order</button></form>
<form id="own" action="/order"><input type="hidden" name="click_id" value="the shop's own"></form>
<form id="product" action="/cart/add"><button>Add</button></form>
<a id="pay" href="https://buy.stripe.com/test_1?locale=de">Pay</a>
<a id="reserved" href="https://buy.stripe.com/test_2?client_reference_id=order-7">Pay</a>
"""


class LandingShop:
    """Answers every request of a browser context; `head` is the page's own script, run before accord.js."""

    def __init__(self, context: BrowserContext) -> None:
        self.head, self.attributes = "", ""
        self.cart: dict = {"attributes": {}}
        self.cart_requests: list[str] = []
        self.violations: list[str] = []
        context.route("**/*", self.answer)
        context.on("console", lambda message: self.violations.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: self.violations.append(str(error.error)))
        self.context = context

    def answer(self, route: Route) -> None:
        address = route.request.url
        path = address.removeprefix(SHOP).partition("?")[0]
        if address.startswith(PORTAL):
            response = script.respond(address.removeprefix(PORTAL), "GET")
            route.fulfill(status=response.status, headers=dict(response.headers), body=response.body)
        elif path == "/head.js":
            route.fulfill(content_type="text/javascript", body=self.head)
        elif path == "/cart.js":
            self.cart_requests.append("GET")
            route.fulfill(json=self.cart)
        elif path == "/cart/update.js":
            self.cart_requests.append("POST")
            self.cart["attributes"] |= json.loads(route.request.post_data or "")["attributes"]
            route.fulfill(json=self.cart)
        else:
            headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
            route.fulfill(headers=headers, body=self.build_page())

    def build_page(self) -> str:
        return (
            f'<!doctype html><title>Shop</title><script src="/head.js"></script><script defer crossorigin="anonymous"'
            f' src="{PORTAL}{script.get_versioned_path()}" integrity="{script.get_current().integrity}"'
            f' data-days="3" {self.attributes}></script>{BODY}'
        )

    def open(self, click_id: str = "", path: str = "/", page: Page | None = None) -> Page:
        """Open a page of the shop, with a click id in its address if given."""
        page = page or self.context.new_page()
        page.goto(f"{SHOP}{path}{'?click_id=' if click_id else ''}{click_id}")
        return page

    def get_cookie(self) -> dict:
        """Return the cookie, or {}."""
        return next((dict(cookie) for cookie in self.context.cookies() if cookie.get("name") == "accord_click_id"), {})


def make_click_id(**age: float) -> str:
    return sign_click_id(UUID(int=7), datetime.now(UTC) - timedelta(**age))
