"""Payouts to an account that refused the last one, and payouts below the threshold: what preparers and approvers see."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from affiliates import status_history
from affiliates.models import State
from payouts.closing.close import close_month, get_month_to_close
from payouts.closing.dry_run import PayoutWarning, iter_csv_rows, simulate_close
from payouts.disbursement import approval, bank_results, payout_notes, payout_transitions
from payouts.disbursement.approval import list_payout_warnings
from payouts.models import Payout, PayoutDetails
from payouts.payout_details import details
from tests.payouts.conftest import FEBRUARY, JANUARY, MARCH, build_url, close_and_get_batch, read_text

pytestmark = pytest.mark.django_db
LABEL = "The last payout to this account came back"


@pytest.fixture
def refused(make_sent_batch, preparer) -> Payout:
    """Return the payout of 25.50 of January, which the bank refused; the other one of its batch was paid."""
    batch = make_sent_batch()
    payout: Payout = batch.payouts.get(amount="25.50")
    payout_transitions.fail(payout=payout, reason="account closed", now=FEBRUARY, by=preparer)
    bank_results.mark_paid(batch=batch, now=FEBRUARY, by=preparer)
    return payout


@pytest.fixture
def retry(refused, preparer) -> Payout:
    return payout_transitions.reissue(
        payout=refused, reason="The affiliate confirmed the account.", now=FEBRUARY + timedelta(hours=1), by=preparer
    )


def change_account(payout: Payout) -> None:
    details.change_details(
        affiliate=payout.affiliate, method="paypal", account="new@example.com", holder="X", now=FEBRUARY, by=None, hold=False
    )  # fmt: skip


def test_retry_to_the_same_account_has_a_warning(retry):
    assert list_payout_warnings(retry.batch)[retry.pk][0] == PayoutWarning.CAME_BACK


def test_retry_to_another_account_has_no_such_warning(refused, preparer):
    change_account(refused)
    retry = payout_transitions.reissue(payout=refused, reason="New account.", now=MARCH, by=preparer)
    assert PayoutWarning.CAME_BACK not in list_payout_warnings(retry.batch)[retry.pk]


def test_warning_ends_with_a_payout_that_arrives(retry, preparer, approver, grant):
    approval.submit(batch=retry.batch, now=FEBRUARY, by=preparer)
    Payout.objects.filter(pk=retry.pk).update(state="sent", sent_at=FEBRUARY)
    Payout.objects.get(pk=retry.pk)
    payout_transitions.pay(payout=Payout.objects.get(pk=retry.pk), now=FEBRUARY, by=preparer)
    grant(retry.affiliate, "50.00", at=FEBRUARY)
    month = get_month_to_close()
    assert month
    assert "came_back" not in {one.code for one in simulate_close(month=month, now=MARCH).unusual}


def test_approver_sees_when_and_why_it_came_back_and_why_it_is_paid_again(
    retry, refused, preparer, approver, sign_in_staff
):
    submission = read_text(sign_in_staff(preparer).get(build_url(retry.batch, "submit")))
    approval.submit(batch=retry.batch, now=FEBRUARY, by=preparer)
    page = read_text(sign_in_staff(approver).get(build_url(retry.batch, "approve")))
    assert ".." not in submission[submission.index(LABEL) : submission.index("confirmed the account") + 30]
    for text in (submission, page):
        assert f"{LABEL}: {refused.reference}, 3 Feb 2026, 12:00 UTC: account closed" in text
        assert "Paid again because: The affiliate confirmed the account." in text
    assert "The affiliate confirmed the account." in read_text(sign_in_staff(approver).get(build_url(retry)))


def test_paying_again_to_the_same_account_asks_explicitly(refused, preparer, sign_in_staff):
    client = sign_in_staff(preparer)
    page = read_text(client.get(build_url(refused, "reissue")))
    assert f"{refused.reference}, 3 Feb 2026, 12:00 UTC: account closed" in page
    posted = {"confirmed": "1", "reason": "They confirmed it."}
    page = read_text(client.post(build_url(refused, "reissue"), posted))
    assert "Tick this, or ask the affiliate for other payout details" in page
    assert "They confirmed it." in page
    assert not Payout.objects.filter(replaces=refused).exists()
    client.post(build_url(refused, "reissue"), posted | {"same_account": "on"})
    assert Payout.objects.filter(replaces=refused).exists()


def test_paying_again_to_another_account_asks_for_the_reason_alone(refused, preparer, sign_in_staff):
    change_account(refused)
    client = sign_in_staff(preparer)
    assert "same_account" not in read_text(client.get(build_url(refused, "reissue")))
    client.post(build_url(refused, "reissue"), {"confirmed": "1", "reason": "New account."})
    assert Payout.objects.filter(replaces=refused).exists()


def test_dry_run_and_close_list_the_account_as_unusual(refused, preparer, sign_in_staff):
    month = get_month_to_close()
    assert month
    listed = {one.code: one for one in simulate_close(month=month, now=MARCH).unusual}
    assert [entry.affiliate_id for entry in listed["came_back"].entries] == [refused.affiliate_id]
    assert listed["came_back"].label == LABEL
    rows = {row[0]: row[-1] for row in iter_csv_rows(month=month, now=MARCH)}
    assert "came_back" in str(rows[refused.affiliate.code]).split()
    batch = close_month(month=date(2026, 2, 1), now=MARCH, by=None).batches.get()
    assert {warning for found in list_payout_warnings(batch).values() for warning in found} >= {PayoutWarning.CAME_BACK}


def test_cancelled_payout_says_nothing_about_the_account(make_draft_batch, preparer):
    payout = make_draft_batch().payouts.get(amount="25.50")
    payout_transitions.cancel(payout=payout, reason="Wrong month.", now=FEBRUARY, by=preparer)
    assert payout_notes.find_last_returns([payout.details]) == {}


@pytest.mark.parametrize("for_breach", [True, False])
def test_approver_reads_why_a_payout_is_below_the_threshold(
    make_payable_affiliate, grant, preparer, approver, sign_in_staff, for_breach
):
    gone = make_payable_affiliate()
    grant(gone, "4.48")
    status_history.change_status(
        affiliate=gone, to=State.TERMINATED, now=JANUARY, by=None, reason="a test", breach=for_breach
    )
    batch = close_and_get_batch(date(2026, 1, 1), FEBRUARY)
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    page = read_text(sign_in_staff(approver).get(build_url(batch, "approve")))
    cause = "terminated for breach on" if for_breach else "terminated on"
    assert (
        "Below the threshold of 16.00 USD, which does not apply after the end:"
        f" {cause} 20 Jan 2026, 12:00 UTC (clause 10.5 of version 1)"
    ) in page
    assert '<td class="p-2">terminated</td>' in page


def test_month_end_and_approval_count_the_same_payouts_as_unusual(
    make_payable_affiliate, grant, preparer, approver, sign_in_staff
):
    small, gone, usual = (make_payable_affiliate() for _number in range(3))
    for affiliate, amount in ((small, "4.48"), (gone, "40.00"), (usual, "40.00")):
        grant(affiliate, amount)
    for affiliate in (small, gone):
        status_history.change_status(affiliate=affiliate, to=State.TERMINATED, now=JANUARY, by=None, reason="a test")
    PayoutDetails.objects.filter(affiliate=usual).update(country="FR")
    batch = close_and_get_batch(date(2026, 1, 1), FEBRUARY)
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    client = sign_in_staff(approver)
    page = read_text(client.get(build_url(batch, "approve")))
    assert "3 payouts are unusual" in page
    assert page.count("The affiliate was terminated on 20 Jan 2026, 12:00 UTC; this is what they had earned") == 1
    assert page.count("The account is in France, the affiliate in") == 1
    assert "3 payouts are unusual" in read_text(client.get(reverse("admin:payouts_close_month_end")))
