"""The month's end in a browser: three people take its steps on the guided page, by keyboard alone (specification 6)."""

import re

import pytest
import time_machine
from django.urls import reverse
from playwright.sync_api import expect

from payouts.models import Payout, PayoutBatch
from tests.browser.conftest import save_screenshots
from tests.browser.keyboard import Keyboard
from tests.factories import make_staff
from tests.payouts.conftest import (  # noqa: F401 -- fixtures
    FEBRUARY,
    agreement,
    approver,
    build_results_file,
    grant,
    make_payable_affiliate,
    preparer,
    program_terms,
)

GUIDE = reverse("admin:payouts_close_month_end")


@pytest.fixture
def owner(transactional_db, grant, make_payable_affiliate):  # noqa: F811 -- fixtures
    """The owner of a program in which two affiliates have an amount in January."""
    for amount in ("100.00", "25.50"):
        grant(make_payable_affiliate(), amount)
    with time_machine.travel(FEBRUARY):
        yield make_staff(superuser=True)


class Guide:
    """The guided page, opened by one person after the other."""

    def __init__(self, act_as) -> None:
        self.act_as = act_as

    def open_as(self, person, step: str):
        """Check that `step` is the next one, and return its list item and the keyboard."""
        page = self.act_as(person)
        page.goto(GUIDE)
        item = page.locator("[aria-current=step]").last
        expect(item.get_by_role("heading")).to_contain_text(step)
        self.keyboard = Keyboard(page)
        self.keyboard.skip_to_content()
        return item

    def follow(self, item, link: str, button: str, message: str):
        """Follow the link of the step and press the button of its page."""
        page = self.keyboard.page
        self.keyboard.follow(item.get_by_role("link", name=link, exact=True))
        self.keyboard.skip_to_content()
        target = page.get_by_role("button", name=button, exact=True)
        self.keyboard.follow(target)
        expect(page.get_by_text(message)).to_be_visible()


def test_month_end_is_done_by_three_people_by_keyboard(owner, preparer, approver, act_as):  # noqa: F811 -- fixtures
    guide = Guide(act_as)
    step = guide.open_as(preparer, "Close the month")
    page = guide.keyboard.page
    guide.keyboard.follow(page.get_by_role("link", name="Open the dry run", exact=True))
    expect(page.get_by_text("First payout ever: 2 affiliates, 125.50")).to_be_visible()
    save_screenshots(page, "month-end-dry-run")
    guide.keyboard.skip_to_content()
    guide.keyboard.follow(page.get_by_role("button", name=re.compile("^Close ")))
    expect(page.get_by_text("Statements: 2. Payouts: 2")).to_be_visible()

    step = guide.open_as(preparer, "Submit the payouts")
    expect(step.get_by_text("Unusual: First payout ever (2)")).to_be_visible()
    guide.follow(step, "Submit", "Submit these payouts", "Payouts submitted.")
    step = guide.open_as(preparer, "Approve the payouts")
    expect(step.get_by_text("Another member of staff has to do it.")).to_be_visible()
    save_screenshots(page, "month-end")

    step = guide.open_as(approver, "Approve the payouts")
    guide.follow(step, "Look at the payouts, and approve", "Approve these payouts", "Payouts approved.")
    step = guide.open_as(preparer, "Export the payment files")
    guide.follow(step, "Export", "Export these payouts", "Exported.")

    step = guide.open_as(owner, "Import the results")
    guide.keyboard.follow(step.get_by_role("link", name="Import results"))
    first, second = Payout.objects.order_by("-amount")
    content = build_results_file((first, "paid", "100.00", ""), (second, "failed", "25.50", "account closed"))
    # The window in which a person chooses a file belongs to the browser.
    page.locator("input[type=file]").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": content})
    guide.keyboard.skip_to_content()
    for button in ("Upload", "Preview", "Import results"):
        guide.keyboard.follow(page.get_by_role("button", name=button, exact=True))
    expect(page.get_by_text("Paid: 1, failed: 1")).to_be_visible()
    page.goto(f"{GUIDE}?month=2026-01")
    expect(page.get_by_text("Everything is done for this month.")).to_be_visible()
    expect(page.get_by_text("1 paid, 1 failed, 0 returned, 0 without a result")).to_be_visible()
    assert PayoutBatch.objects.get().approved_by == approver
