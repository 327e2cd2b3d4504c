"""An affiliate leaves and comes back in a browser (specification 8)."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import Affiliate
from compliance.offboarding import notice_expiry
from tests.browser.conftest import save_screenshots
from tests.compliance.cases import days, make_active_affiliate, seed_agreement


@pytest.fixture
def affiliate(transactional_db):
    at = timezone.now() - days(60)
    seed_agreement(at)
    return make_active_affiliate(at)


def leave(page):
    page.goto(reverse("portal:profile"))
    page.get_by_role("link", name="Leave the program").click()
    page.get_by_label("Yes, I want to leave the program.").check()
    page.get_by_role("button", name="Leave the program").click()
    expect(page.get_by_text("You left the program. We have confirmed it by e-mail.")).to_be_visible()


def test_affiliate_leaves_stays_leaves_and_applies_again(affiliate, act_as):
    page = act_as(affiliate.user)
    leave(page)
    save_screenshots(page, "home-leaving")
    page.get_by_role("button", name="Stay in the program").click()
    expect(page.get_by_text("You stay in the program. We have confirmed it by e-mail.")).to_be_visible()
    page.goto(reverse("tracking:links"))
    expect(page.get_by_role("link", name="Create a link").first).to_be_visible()

    leave(page)
    affiliate.refresh_from_db()
    notice_expiry.apply_expired_notices(now=affiliate.notice_ends_at + days(1))
    page.goto(reverse("portal:home"))
    expect(page.get_by_text("terminated").first).to_be_visible()
    expect(page.get_by_role("button", name="Stay in the program")).to_have_count(0)
    save_screenshots(page, "home-terminated")
    page.get_by_role("button", name="Sign out").first.click()
    page.goto(reverse("portal:apply"))
    for label, text in (
        ("Your name or company", affiliate.name),
        ("Email", "again@example.com"),
        ("Address", "https://again.example/"),
    ):
        page.get_by_label(label).first.fill(text)
    page.get_by_label("Country").select_option("Germany")
    page.get_by_label("Kind").first.select_option("blog")
    page.get_by_label("Password", exact=True).fill("correct horse 7 battery")
    page.get_by_label("Password (again)").fill("correct horse 7 battery")
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert list(Affiliate.objects.order_by("applied_at").values_list("state", flat=True)) == ["terminated", "applied"]
