"""The main ways of an affiliate on a phone, by touch."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from agreements.models import Program
from messaging.models import Conversation
from tests.browser.conftest import ARTIFACTS, NARROW, assert_fits
from tests.compliance.cases import days, make_active_affiliate, make_order, seed_agreement
from tracking.models import Link


@pytest.fixture
def affiliate(transactional_db):
    now = timezone.now()
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    seed_agreement(now - days(60))
    affiliate = make_active_affiliate(now - days(60))
    make_order(affiliate, now - days(5))
    return affiliate


class Phone:
    """A phone whose menu leads to each page; nothing on a page is wider than its window."""

    def __init__(self, page) -> None:
        self.page = page

    def open(self, name: str, heading: str) -> None:
        menu = self.page.locator("details.menu")
        menu.locator("summary").tap()
        menu.get_by_role("link", name=name, exact=True).tap()
        self.expect_page(heading)

    def expect_page(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        self.page.wait_for_load_state()
        assert_fits(self.page)
        name = f"phone-{heading.lower().replace(' ', '-')}"
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


def test_affiliate_uses_the_main_pages_on_a_phone(affiliate, act_as):
    page = act_as(affiliate.user, viewport=NARROW, has_touch=True, is_mobile=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone = Phone(page)
    page.goto(reverse("portal:home"))
    phone.expect_page(affiliate.name)
    phone.open("Links and coupons", "Links and coupons")
    page.get_by_role("link", name="Create a link").first.tap()
    page.get_by_label("Destination URL").fill("https://shop.example/hose")
    page.get_by_label("Name (optional)").fill("Hose")
    page.get_by_role("button", name="Create link").tap()
    phone.expect_page("Hose")
    page.get_by_role("button", name="Copy your tracking link").tap()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert Link.objects.get().code in page.evaluate("navigator.clipboard.readText()")

    phone.open("Commissions", "Commissions")
    expect(page.get_by_text("5.00", exact=True).first).to_be_visible()
    phone.open("Payout details", "Payout details")
    page.get_by_role("link", name="Add payout details").tap()
    page.get_by_label("E-mail address at PayPal").fill("anna@example.com")
    page.get_by_label("Account holder").fill("Anna")
    page.get_by_role("button", name="Save payout details").tap()
    phone.expect_page("Payout details")
    phone.open("Messages", "Messages")
    page.get_by_role("link", name="Write to us").tap()
    page.get_by_label("Subject").fill("Banners")
    page.get_by_label("Your message").fill("Are there banners for blogs?")
    page.get_by_role("button", name="Send message").tap()
    phone.expect_page("Banners")
    assert Conversation.objects.get().affiliate == affiliate
