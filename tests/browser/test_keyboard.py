"""The main flows of affiliates and staff by keyboard alone; the month's end and reviews have tests of their own.

After each Tab, the element with the focus is in the window and outlined (`tests/browser/keyboard.py`).
"""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import Affiliate, State
from agreements.models import Program
from messaging.models import Conversation
from payouts.models import PayoutDetails
from tests.browser.keyboard import Keyboard
from tests.compliance.cases import make_active_affiliate, seed_agreement
from tests.factories import make_affiliate, make_staff
from tracking.models import Link


@pytest.fixture
def start(transactional_db):
    """Publish an agreement in force, and return a time since when it is."""
    at = timezone.now() - timedelta(days=30)
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    seed_agreement(at)
    return at


def test_visitor_applies_by_keyboard(start, open_browser_page):
    page = open_browser_page()
    keyboard = Keyboard(page)
    page.goto("/")
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Join the program"))
    keyboard.skip_to_content()
    keyboard.fill(page.get_by_label("Your name or company"), "Greta Gardener")
    keyboard.press(page.get_by_label("Country"), "ArrowDown")
    keyboard.fill(page.get_by_label("Email"), "greta@example.com")
    keyboard.follow(page.get_by_role("button", name="Send application"))
    password = page.get_by_label("Password", exact=True)
    keyboard.correct_error(password)
    page.keyboard.type("correct horse 7 battery")
    keyboard.fill(page.get_by_label("Password (again)"), "correct horse 7 battery")
    keyboard.press(page.get_by_label("Kind").first, "ArrowDown")
    keyboard.fill(page.get_by_label("Address").first, "https://greta.example/")
    keyboard.press(page.get_by_text("More channels"))
    expect(page.get_by_label("Address").nth(4)).to_be_visible()
    keyboard.reach(page.get_by_label("Address").first, back=True)
    keyboard.follow(page.get_by_role("button", name="Send application"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert Affiliate.objects.get().country == "AF"


def test_affiliate_accepts_and_copies_a_new_link_by_keyboard(start, act_as):
    affiliate = make_affiliate(state=State.APPROVED, at=start)
    page = act_as(affiliate.user)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    keyboard = Keyboard(page)
    page.goto(reverse("portal:home"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Read and accept"))
    keyboard.skip_to_content()
    keyboard.press(page.get_by_role("checkbox"), "Space")
    keyboard.follow(page.get_by_role("main").get_by_role("button", name="Accept"))
    assert Affiliate.objects.get().state == State.ACTIVE

    keyboard.follow(page.get_by_role("link", name="Links and coupons"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Create a link").first)
    keyboard.skip_to_content()
    target = page.get_by_label("Destination URL")
    keyboard.fill(target, "https://elsewhere.example/")
    keyboard.follow(page.get_by_role("button", name="Create link"))
    keyboard.correct_error(target)
    page.keyboard.press("Control+a")
    page.keyboard.type("https://shop.example/hose")
    keyboard.press(page.get_by_text("Sub-IDs", exact=True), "Space")
    keyboard.fill(page.get_by_label("Sub-ID 1"), "spring")
    keyboard.follow(page.get_by_role("button", name="Create link"))
    keyboard.walk_around()
    keyboard.skip_to_content()
    keyboard.press(page.get_by_role("button", name="Copy your tracking link"))
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    link = Link.objects.get(target="https://shop.example/hose")
    assert link.code in page.evaluate("navigator.clipboard.readText()")
    assert link.sub1 == "spring"


def test_affiliate_enters_payout_details_and_writes_by_keyboard(start, act_as):
    affiliate = make_active_affiliate(start)
    page = act_as(affiliate.user)
    keyboard = Keyboard(page)
    page.goto(reverse("payouts:change_details"))
    keyboard.skip_to_content()
    keyboard.press(page.get_by_label("Payout method"), "ArrowDown")
    keyboard.press(page.get_by_label("Payout method"), "ArrowUp")
    account = page.get_by_label("E-mail address at PayPal")
    keyboard.fill(account, "anna")
    keyboard.fill(page.get_by_label("Account holder"), "Anna Roth")
    keyboard.follow(page.get_by_role("button", name="Save payout details"))
    keyboard.correct_error(account)
    page.keyboard.press("End")
    page.keyboard.type("@example.com")
    keyboard.follow(page.get_by_role("button", name="Save payout details"))
    assert PayoutDetails.objects.get().holder == "Anna Roth"

    keyboard.follow(page.get_by_role("link", name="Messages"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Write to us"))
    keyboard.skip_to_content()
    keyboard.fill(page.get_by_label("Subject"), "Banners")
    keyboard.fill(page.get_by_label("Your message"), "Are there banners for blogs?")
    keyboard.follow(page.get_by_role("button", name="Send message"))
    expect(page.get_by_text("Are there banners for blogs?")).to_be_visible()
    keyboard.walk_around()
    assert Conversation.objects.get().affiliate == affiliate


def test_staff_decide_applications_by_keyboard(start, act_as):
    rejected, approved = (make_affiliate(state=State.APPLIED, at=start, name=name) for name in ("Ada", "Ben"))
    page = act_as(make_staff("affiliate managers"))
    keyboard = Keyboard(page)
    page.goto(reverse("admin:index"))
    keyboard.skip_to_content()
    keyboard.follow(page.locator(".staff-home").get_by_role("link", name="Applications"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Reject Ada"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("button", name="Reject Ada"))
    reason = page.get_by_label("Reason")
    keyboard.correct_error(reason)
    page.keyboard.type("Your site has no imprint.")
    keyboard.follow(page.get_by_role("button", name="Reject Ada"))
    expect(page.get_by_text("rejected and e-mailed.")).to_be_visible()
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("link", name="Approve Ben"))
    keyboard.skip_to_content()
    keyboard.follow(page.get_by_role("button", name="Approve Ben"))
    expect(page.get_by_text("approved and e-mailed.")).to_be_visible()
    keyboard.walk_around()
    states = dict(Affiliate.objects.values_list("pk", "state"))
    assert states == {rejected.pk: State.REJECTED, approved.pk: State.APPROVED}
