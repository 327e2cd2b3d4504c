"""The field that finds an affiliate, by keyboard in a browser."""

from playwright.sync_api import expect

from payouts.models import PayoutHold
from tests.browser.conftest import save_screenshots
from tests.factories import make_affiliate


def test_affiliate_is_found_chosen_and_checked_by_keyboard(open_admin):
    anna, other = make_affiliate(name="Anna Roth"), make_affiliate(name="Annika Lang")
    page = open_admin("/admin/payouts/payouthold/hold/")
    field = page.locator("#id_affiliate")
    expect(field).to_have_role("combobox")
    field.press_sequentially("ann")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    save_screenshots(page, "picker-open")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_have_value("ann")
    field.press("ArrowDown")
    expect(options).to_have_count(2)
    field.press("ArrowUp")
    field.press("Enter")
    expect(field).to_have_value(other.code)
    field.fill("roth")
    options.first.click()
    expect(field).to_have_value(anna.code)
    expect(page.locator(".picker-chosen")).to_have_text(f"{anna} {anna.email}, active")
    page.locator("#id_reason").fill("A court order.")
    page.get_by_role("button", name="Hold an affiliate's payouts").click()
    expect(page.get_by_text("Step 2 of 2. Nothing has changed yet")).to_be_visible()
    save_screenshots(page, "picker-check")
    assert not PayoutHold.objects.exists()
    page.get_by_role("button", name="Confirm: Hold an affiliate's payouts").click()
    page.wait_for_url("**/payouthold/")
    assert PayoutHold.objects.get().affiliate == anna
