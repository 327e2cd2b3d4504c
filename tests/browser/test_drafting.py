"""Staff edit a draft version in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from agreements import version_drafts
from agreements.seeding import publish_seed_agreement
from tests.browser.conftest import NARROW, save_screenshots
from tests.factories import PASSWORD, make_staff


@pytest.fixture
def draft(transactional_db):
    at = timezone.now() - timedelta(days=30)
    publish_seed_agreement(effective_at=at, now=at, by=None)
    return version_drafts.start_draft(now=timezone.now(), by=None)


@pytest.fixture
def open_draft(open_browser_page, draft):
    superuser = make_staff(superuser=True)
    superuser.set_password(PASSWORD)
    superuser.save(update_fields=["password"])

    def open_page(**options):
        page = open_browser_page(**options)
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(superuser.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/admin/**")
        page.goto(f"/admin/agreements/agreementversion/{draft.pk}/change/")
        return page

    return open_page


def save(page):
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def test_problem_links_lead_to_the_clause_and_placeholders_insert_by_keyboard(draft, open_draft):
    clause = draft.clauses.get(number="3.2")
    draft.clauses.filter(pk=clause.pk).update(body="Within days. ")
    page = open_draft()
    save_screenshots(page, "draft")
    page.get_by_role("link", name="Clause 3.2").click()
    text = page.get_by_role("textbox", name="Body").and_(page.locator(":focus"))
    expect(text).to_have_value("Within days. ")
    page.keyboard.press("Control+End")
    placeholder = text.locator("xpath=..").get_by_role("button", name="{attribution_days}", exact=True)
    placeholder.press("Enter")
    expect(text).to_have_value("Within days. {attribution_days}")
    save(page)
    expect(page.get_by_text("Ready to publish")).to_be_visible()
    clause.refresh_from_db()
    assert clause.body == "Within days. {attribution_days}"


def test_rate_row_is_dragged_to_another_place(draft, open_draft):
    first, second = draft.rates.values_list("category", flat=True)[:2]
    page = open_draft()
    page.get_by_role("link", name="Rates").click()
    handles = page.locator("#rates-data .drag.cursor-move")
    handles.nth(1).drag_to(handles.nth(0))
    save(page)
    assert list(draft.rates.values_list("category", flat=True)[:2]) == [second, first]


def test_added_row_comes_last(draft, open_draft):
    page = open_draft()
    page.get_by_role("link", name="Rates").click()
    page.get_by_role("button", name="Add another rate").click()
    page.get_by_role("textbox", name="Category code", exact=True).last.fill("garden-furniture")
    page.get_by_role("textbox", name="Display name", exact=True).last.fill("Garden furniture")
    page.get_by_role("spinbutton", name="Rate, percent", exact=True).last.fill("4.00")
    save(page)
    assert draft.rates.last().category == "garden-furniture"


def test_draft_is_edited_without_scripts_on_a_phone(draft, open_draft):
    order = list(draft.rates.values_list("category", flat=True))
    page = open_draft(viewport=NARROW, java_script_enabled=False)
    page.get_by_role("spinbutton", name="Position", exact=True).nth(2).fill("1")
    page.get_by_role("textbox", name="Category code", exact=True).nth(len(order)).fill("garden-furniture")
    page.get_by_role("textbox", name="Display name", exact=True).nth(len(order)).fill("Garden furniture")
    page.get_by_role("spinbutton", name="Rate, percent", exact=True).nth(len(order)).fill("4.00")
    page.get_by_role("textbox", name="Category code", exact=True).nth(0).press("Enter")
    expect(page.get_by_text("Ready to publish")).to_be_visible()
    expected = [order[2], order[0], order[1], *order[3:], "garden-furniture"]
    assert list(draft.rates.values_list("category", flat=True)) == expected
