"""The guided page of a month's end: who did each step, what is next, and for whom (specification 6)."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from lib.admin.pages import build_changelist_url
from payouts.closing.close import close_month
from payouts.commissions import holds
from payouts.disbursement import approval, bank_results, exports, partial_approval, payout_transitions
from payouts.disbursement.month_end import Step, find_month_end
from payouts.models import Payout, PayoutBatch
from tests.payouts.conftest import FEBRUARY, MARCH, build_url, read_text

pytestmark = pytest.mark.django_db
URL = reverse("admin:payouts_close_month_end")


def read_steps(client, query="", url=URL):
    """Return {title: state} of the page's steps, and the whole page without tags."""
    page = read_text(client.get(url + query))
    found = re.findall(r'class="step-(\w+)".*?<h2[^>]*>\s*(.*?)\s*<span', page, re.DOTALL)
    return {title: state for state, title in found}, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def find_existing(first_day, *, now):
    found = find_month_end(first_day, now=now)
    assert found
    return found


def test_each_step_is_next_in_turn(make_draft_batch, preparer, approver):
    batch = make_draft_batch()
    steps = []
    for do in (
        lambda: approval.submit(batch=batch, now=FEBRUARY, by=preparer),
        lambda: approval.approve(
            batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver
        ),
        lambda: exports.export(batch=batch, now=FEBRUARY, by=preparer),
        lambda: bank_results.mark_paid(batch=batch, now=FEBRUARY, by=preparer),
    ):
        steps.append(find_existing(None, now=FEBRUARY).current)
        do()
        batch.refresh_from_db()
    assert steps == [Step.SUBMIT, Step.APPROVE, Step.EXPORT, Step.RESULTS]
    assert find_existing(date(2026, 1, 1), now=FEBRUARY).current is None
    assert str(find_existing(None, now=FEBRUARY).month) == "2026-02"


def test_page_names_who_did_a_step_and_offers_the_next(make_draft_batch, preparer, approver, sign_in_staff):
    batch = make_draft_batch()
    states, text = read_steps(sign_in_staff(preparer))
    assert states["Submit the payouts"] == "now"
    assert "2 statements" in text
    assert (
        "Opening balances 0.00 USD + commissions settled 0.00 USD + adjustments 125.50 USD"
        " + payouts failed, returned or cancelled 0.00 USD - payouts 125.50 USD = 0.00 USD carried over"
    ) in text
    assert "Automatic, 3 Feb 2026, 12:00 UTC" in text
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    states, text = read_steps(sign_in_staff(preparer))
    assert states["Approve the payouts"] == "now"
    assert f"{preparer}, 3 Feb 2026, 12:00 UTC" in text
    assert "have permission for this step" in text
    assert "Look at the payouts, and approve" not in text
    _states, text = read_steps(sign_in_staff(approver))
    assert "Look at the payouts, and approve" in text


def test_submitter_who_may_approve_reads_that_somebody_else_must(make_draft_batch, preparer, sign_in_staff):
    batch = make_draft_batch()
    preparer.is_superuser = True
    preparer.save(update_fields=["is_superuser"])
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    _states, text = read_steps(sign_in_staff(preparer))
    assert "another member of staff has to approve them" in text


def test_open_month_says_when_it_ends_and_is_closed(make_draft_batch, preparer, sign_in_staff):
    batch = make_draft_batch()
    client = sign_in_staff(preparer)
    assert f'href="{URL}"' in read_text(client.get(reverse("admin:index")))
    states, text = read_steps(client, "?month=2026-02")
    assert "The month runs until 1 Mar 2026" in text
    assert "It is closed automatically on" in text
    assert (states["Look at the dry run"], states["Close the month"]) == ("now", "later")
    assert find_existing(date(2026, 2, 1), now=MARCH).current == Step.CLOSE
    assert batch.state == "draft"


def test_month_without_payouts_is_done_with_its_close(make_payable_affiliate, grant, preparer, sign_in_staff):
    client = sign_in_staff(preparer)
    assert "Nothing to close" in read_text(client.get(URL))
    grant(make_payable_affiliate(), "3.00")
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=preparer)
    states, text = read_steps(client, "?month=2026-01")
    assert set(states.values()) == {"done"}
    assert "No payout was due" in text
    assert f"{preparer}, 3 Feb 2026" in text


@pytest.mark.parametrize("query", ["?month=2030-01", "?month=2026-13", "?month=%00", "?month=x"])
def test_unknown_month_is_no_server_error(make_draft_batch, preparer, sign_in_staff, query):
    make_draft_batch()
    assert sign_in_staff(preparer).get(URL + query).status_code in (400, 404)


def test_failed_payout_is_shown_until_it_is_decided(make_sent_batch, preparer, sign_in_staff):
    batch = make_sent_batch()
    failed = batch.payouts.get(amount="25.50")
    payout_transitions.fail(payout=failed, reason="account closed", now=FEBRUARY, by=preparer)
    bank_results.mark_paid(batch=batch, now=FEBRUARY, by=preparer)
    client = sign_in_staff(preparer)
    _states, text = read_steps(client)
    assert f"{failed.affiliate}, 25.50 USD" in text
    assert "account closed" in text
    assert "The next month-end close pays it" in text
    assert "The next month-end close pays it" in read_text(client.get(build_url(failed)))
    found = read_text(client.get(build_changelist_url(Payout, "came_back=open")))
    assert failed.reference in found
    assert batch.payouts.get(amount="100.00").reference not in found
    payout_transitions.reissue(payout=failed, reason="New account.", now=FEBRUARY, by=preparer)
    assert not Payout.objects.came_back().exists()
    assert "Paid again by" in read_text(client.get(build_url(failed)))
    _states, text = read_steps(client)
    assert "Payouts that came back" not in text
    assert f"Retry of {failed.reference}" in text
    assert f"1 payout, 25.50 USD ({failed.affiliate}) draft Next: submit it" in text
    # The button would be refused.
    assert "/reissue/" not in read_text(client.get(build_url(failed)))


def test_close_takes_failed_payout_off_the_list(make_sent_batch, preparer):
    batch = make_sent_batch()
    for payout in batch.payouts.all():
        payout_transitions.fail(payout=payout, reason="account closed", now=FEBRUARY, by=preparer)
    assert Payout.objects.came_back().count() == 2
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    assert not Payout.objects.came_back().exists()


def test_running_month_says_from_when_it_can_be_closed_and_offers_the_dry_run(
    make_draft_batch, preparer, sign_in_staff
):
    make_draft_batch()
    client = sign_in_staff(preparer)
    _states, text = read_steps(client, "?month=2026-02")
    assert "It can be closed from 1 Mar 2026, 00:00 UTC on." in text
    assert "If no one closes it, it is closed automatically on 3 Mar 2026" in text
    assert "Open the dry run" in text
    page = read_text(client.get(reverse("admin:payouts_close_close_next")))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Dry run of 2026-02" in text
    assert "If no one closes it, it is closed automatically on 3 Mar 2026" in text
    assert f'href="{URL}"' in page


def test_batch_of_held_back_payouts_is_listed_with_its_sum_and_next_step(
    make_draft_batch, preparer, approver, sign_in_staff
):
    batch = make_draft_batch()
    PayoutBatch.objects.update(created_at=FEBRUARY - timedelta(hours=1))  # before that of held-back payouts
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    held = batch.payouts.select_related("affiliate").get(amount="25.50")
    holds.hold_payouts(affiliate=held.affiliate, source="staff", reason="Check.", now=FEBRUARY, by=approver)
    digest = partial_approval.select_payable(approval.summarize_batch(batch, FEBRUARY)).digest
    client = sign_in_staff(approver)
    page = read_text(client.post(build_url(batch, "approve"), {"digest": digest, "payable": "1"}, follow=True))
    rest = PayoutBatch.objects.exclude(pk=batch.pk).get()
    assert f'in a batch of their own: <a href="{build_url(rest)}">{rest.name}</a>' in page
    _states, text = read_steps(client)
    assert f"{batch.name} : 1 payout, 100.00 USD approved Next: export its payment files" in text
    assert f"{rest.name} : 1 payout, 25.50 USD draft Next: submit it 1 payout cannot be sent now" in text
    assert "2 payouts, 125.50 USD" not in text
    exports.export(batch=batch, now=FEBRUARY, by=preparer)
    bank_results.mark_paid(batch=batch, now=FEBRUARY, by=preparer)
    states, text = read_steps(client)
    assert set(states.values()) == {"done"}
    assert "Everything is done for this month" not in text
    assert f"{rest.name} : 1 payout" in text
