"""The home of staff, its search by Ctrl-K and the lists behind it, in a browser."""

from django.urls import reverse
from playwright.sync_api import expect

from affiliates.models import State
from tests.browser.conftest import save_screenshots
from tests.factories import make_affiliate


def test_affiliate_is_found_by_ctrl_k_from_the_home(open_admin):
    anna = make_affiliate(name="Anna Roth", state=State.APPLIED)
    page = open_admin("/admin/")
    expect(page.get_by_text("All clear (")).to_be_visible()
    save_screenshots(page, "staff-home")
    page.keyboard.press("Control+k")
    box = page.locator("#search-input-command")
    expect(box).to_be_focused()
    box.press_sequentially("zzz")
    expect(page.get_by_text("No results for “zzz”.")).to_be_visible()
    box.fill("")
    box.press_sequentially("roth")
    expect(page.locator("#command-results-list").get_by_text("Anna Roth")).to_be_visible()
    # The only result is the one that Enter opens.
    expect(page.locator("#command-results-list li.active")).to_have_count(1)
    box.press("Enter")
    page.wait_for_url(f"**{reverse('admin:affiliates_affiliate_change', args=[anna.pk])}")
    page.goto(reverse("admin:affiliates_affiliate_changelist") + "?application=to_decide")
    expect(page.get_by_text("Times are in UTC.")).to_be_visible()
    page.locator(".row-box").check()
    save_screenshots(page, "staff-list")
    page.goto(reverse("admin:payouts_payout_changelist"))
    expect(page.get_by_role("heading", name="No payouts yet")).to_be_visible()
    save_screenshots(page, "staff-list-empty")
    page.goto(reverse("admin:agreements_agreementversion_changelist"))
    page.get_by_role("button", name="Start a draft").click()
    expect(page.get_by_text("Draft started.")).to_be_visible()
    expect(page.get_by_role("link", name="Back to agreement versions")).to_be_visible()
    save_screenshots(page, "staff-draft")
