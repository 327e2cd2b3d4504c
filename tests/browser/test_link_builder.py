"""The deep-link builder in a browser: the link follows what an affiliate pastes, and is copied."""

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from agreements.models import Program
from tests.browser.conftest import NARROW, save_screenshots
from tests.factories import make_affiliate
from tracking.links import tracking_links
from tracking.models import Link


@pytest.fixture
def link(transactional_db) -> Link:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    affiliate = make_affiliate()
    return tracking_links.create_link(
        affiliate=affiliate,
        target="https://shop.example/",
        name="Newsletter",
        own_name="anna-garden",
        now=timezone.now(),
        by=affiliate.user,
    )


def test_deep_link_follows_the_pasted_address_and_is_copied(link, act_as):
    page = act_as(link.affiliate.user)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/links/")
    save_screenshots(page, "links")
    page.get_by_role("link", name="Create a link").first.click()
    page.get_by_role("link", name="Build a deep link").click()
    page.get_by_label("Page of the shop").fill("https://evil.example/")
    result = page.locator("#built-link")
    expect(result).to_contain_text("Links to evil.example are not allowed.")
    page.get_by_label("Page of the shop").fill("https://shop.example/hose?size=10")
    expect(result.get_by_role("img")).to_be_visible()
    page.get_by_text("Sub-IDs", exact=True).click()
    page.get_by_label("Sub-ID 1").fill("spring")
    expect(result).to_contain_text("sub1=spring")
    save_screenshots(page, "link-builder")
    result.get_by_role("button", name="Copy your deep link").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    expected = f"{settings.CLICK_BASE_URL}/r/anna-garden?to=https%3A%2F%2Fshop.example%2Fhose%3Fsize%3D10&sub1=spring"
    assert page.evaluate("navigator.clipboard.readText()") == expected
    assert "sub1=spring" in page.url
    page.get_by_role("link", name="Get my affiliate link").click()
    expect(page.get_by_text("Drag the button to the bookmarks bar")).to_be_visible()


def test_builder_works_without_scripts_on_a_phone(link, act_as):
    page = act_as(link.affiliate.user, viewport=NARROW, java_script_enabled=False)
    page.goto("/links/build/")
    page.get_by_label("Page of the shop").fill("https://shop.example/hose")
    page.get_by_role("button", name="Build link").click()
    expect(page.locator("#built-link")).to_contain_text("/r/anna-garden?to=https%3A%2F%2Fshop.example%2Fhose")
