"""accord.js in a real browser (specification 11)."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from tests.browser.landing_shop import SHOP, LandingShop, make_click_id
from tracking.clicks.click_ids import verify_click_id

READ = "accord.clickId()"
STRIPE = "https://buy.stripe.com/"


@pytest.fixture
def shop(browser: Browser):
    context = browser.new_context()
    context.set_default_timeout(60_000)
    shop = LandingShop(context)
    yield shop
    context.close()
    assert shop.violations == []


def read_field(page, selector="#order input"):
    return page.locator(selector).input_value()


def test_first_visit_stores_the_click_id_until_the_attribution_window_ends(shop):
    click_id = make_click_id(days=1)
    page = shop.open(click_id)
    cookie = shop.get_cookie()
    assert (cookie["value"], cookie["path"], cookie["domain"]) == (click_id, "/", "shop.example")
    assert (cookie["secure"], cookie["sameSite"], cookie["httpOnly"]) == (True, "Lax", False)
    clicked = verify_click_id(click_id)
    assert clicked is not None
    ends = datetime.fromtimestamp(cookie["expires"], UTC)
    assert abs(ends - (clicked.at + timedelta(days=3))) < timedelta(seconds=5)
    # A visit of the same address does not begin the window again.
    shop.open(click_id, page=page)
    assert abs(shop.get_cookie()["expires"] - cookie["expires"]) < 5
    assert page.evaluate(READ) == shop.open(path="/other").evaluate(READ) == click_id


def test_last_click_wins_and_the_back_button_does_not_change_that(shop):
    first, second = make_click_id(hours=2), make_click_id(hours=1)
    page = shop.open(first)
    shop.open(second, "/other", page)
    assert shop.get_cookie()["value"] == second
    page.go_back()
    page.reload()
    assert page.url.endswith(first)
    assert (page.evaluate(READ), read_field(page), shop.get_cookie()["value"]) == (second, second, second)


def test_click_id_is_not_stored_after_attribution_days(shop):
    page = shop.open(make_click_id(days=3, minutes=1))
    assert (page.evaluate(READ), shop.get_cookie()) == ("", {})
    shop.open(newer := make_click_id(days=2, hours=23), page=page)
    assert page.evaluate(READ) == newer


def test_what_is_no_click_id_is_ignored(shop):
    page = shop.open(stored := make_click_id())
    for text in ("short", "x" * 77, "%3B%20path=/evil", "A" * 75 + "!", ""):
        page.evaluate(f"history.replaceState({{}}, '', '/?click_id={text}')")
        assert page.evaluate(READ) == shop.get_cookie()["value"] == stored


def test_nothing_is_stored_before_consent_and_refusal_removes_it(shop):
    shop.attributes = 'data-consent="Shop.privacy.allows"'
    shop.head = "window.Shop = { privacy: { allowed: undefined, allows(purpose) { return this.allowed; } } };"
    click_id = make_click_id()
    page = shop.open(click_id)
    assert (page.evaluate(READ), read_field(page), shop.get_cookie()) == ("", "", {})
    page.evaluate("Shop.privacy.allowed = true; document.dispatchEvent(new Event('visitorConsentCollected'))")
    assert (read_field(page), shop.get_cookie()["value"]) == (click_id, click_id)
    page.evaluate("Shop.privacy.allowed = false")
    assert page.evaluate(READ) == ""
    assert shop.get_cookie() == {}
    page.evaluate("document.dispatchEvent(new Event('wp_listen_for_consent_change'))")
    assert read_field(page) == ""
    assert page.get_attribute("#pay", "href") == f"{STRIPE}test_1?locale=de"


def test_consent_is_given_by_a_call(shop):
    shop.attributes = "data-consent"
    page = shop.open(click_id := make_click_id())
    assert shop.get_cookie() == {}
    page.evaluate("accord.consent(true)")
    assert shop.get_cookie()["value"] == read_field(page) == click_id
    page.evaluate("accord.consent(false)")
    assert (shop.get_cookie(), read_field(page)) == ({}, "")


def test_single_page_shop_keeps_the_click_id_while_it_navigates(shop):
    # The router removes the parameter before accord.js runs.
    shop.head = "history.replaceState({}, '', '/');"
    first, second = make_click_id(hours=2), make_click_id(hours=1)
    page = shop.open(first)
    assert (page.url, page.evaluate(READ)) == (f"{SHOP}/", first)
    page.evaluate("history.pushState({}, '', '/product')")
    page.go_back()
    assert page.evaluate(READ) == first
    page.evaluate(f"history.pushState({{}}, '', '/?click_id={second}')")
    assert page.evaluate(READ) == shop.get_cookie()["value"] == second


def test_forms_carry_the_click_id(shop):
    page = shop.open(click_id := make_click_id())
    assert (read_field(page), read_field(page, "#own input")) == (click_id, "the shop's own")
    # A form that is built and sent by a script.
    sent = page.evaluate("""() => {
        const form = document.createElement("form"), input = document.createElement("input");
        [input.type, input.name] = ["hidden", "click_id"];
        form.append(input);
        document.body.append(form);
        return new FormData(form).get("click_id");
    }""")
    assert sent == click_id
    page.get_by_role("button", name="Order").click()
    page.wait_for_url(f"**/order?click_id={click_id}")


def test_names_are_configurable(shop):
    shop.attributes = 'data-parameter="ref" data-cookie="ours" data-field="partner"'
    page = shop.open(path=f"/?ref={(click_id := make_click_id())}")
    assert [(cookie.get("name"), cookie.get("value")) for cookie in shop.context.cookies()] == [("ours", click_id)]
    page.evaluate("document.querySelector('#order input').name = 'partner'; dispatchEvent(new Event('popstate'))")
    assert read_field(page) == click_id


def test_payment_links_carry_the_click_id(shop):
    page = shop.open(click_id := make_click_id())
    assert page.get_attribute("#pay", "href") == f"{STRIPE}test_1?locale=de&client_reference_id={click_id}"
    assert page.get_attribute("#reserved", "href") == f"{STRIPE}test_2?client_reference_id=order-7"


def wait_for_cart(page, shop, count):
    for _ in range(200):
        if len(shop.cart_requests) >= count:
            break
        page.wait_for_timeout(20)
    page.wait_for_timeout(50)
    return shop.cart_requests


def test_shopify_cart_gets_the_click_id_once(shop):
    shop.head = "window.Shopify = { routes: { root: '/' } };"
    page = shop.open(click_id := make_click_id())
    assert wait_for_cart(page, shop, 2) == ["GET", "POST"]
    assert shop.cart == {"attributes": {"click_id": click_id}}
    assert read_field(page, "#product input") == click_id
    assert page.get_attribute("#product input", "name") == "properties[_click_id]"
    shop.open(path="/other", page=page)
    assert wait_for_cart(page, shop, 3) == ["GET", "POST", "GET"]
    # After a checkout the cart is a new one.
    shop.cart = {"attributes": {}}
    shop.open(path="/other", page=page)
    assert wait_for_cart(page, shop, 5) == ["GET", "POST", "GET", "GET", "POST"]
    page.evaluate("accord.consent(false)")
    wait_for_cart(page, shop, 7)
    assert shop.cart == {"attributes": {"click_id": ""}}


def test_cart_is_left_alone_without_a_click(shop):
    shop.head = "window.Shopify = {};"
    page = shop.open()
    page.get_by_role("button", name="Order").click()
    assert (shop.cart_requests, shop.get_cookie()) == ([], {})


def test_page_that_opened_the_shop_for_a_check_learns_whether_it_worked(shop):
    opener = shop.open(path="/opener")
    opener.evaluate("addEventListener('message', ({ data }) => { window.heard = JSON.stringify(data); })")
    click_id = make_click_id()
    with shop.context.expect_page() as opened:
        opener.evaluate(f"window.open('/?accord_check=1&click_id={click_id}') && null")
    opened.value.wait_for_load_state()
    opener.wait_for_function("window.heard")
    assert opener.evaluate("heard") == '{"accord":{"consent":true,"stored":true}}'
