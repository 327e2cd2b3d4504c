"""Holding and releasing money during a review, by reviewers and by finance (specification 8)."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from affiliates.errors import IllegalTransition
from audit.models import AuditRecord
from compliance import review_money
from compliance.models import Review
from compliance.reviews import decisions, hold_changes
from compliance.reviews.open_review import open_review
from lib.errors import NotAllowed
from payouts.commissions import holds
from payouts.models import PayoutHold
from tests.admin_confirmation import confirm_twice
from tests.compliance.cases import days, list_mails, make_order
from tests.compliance.review_cases import list_event_kinds
from tests.factories import make_staff


@pytest.fixture
def orders(affiliate):
    """Return the commissions of two orders."""
    now = timezone.now()
    return [make_order(affiliate, now - days(9), order_id=number) for number in ("ODD-1", "ODD-2")]


@pytest.fixture
def review(affiliate, orders, second_reviewer) -> Review:
    return open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", commissions=orders, hold_all_money=True,
        hold_all_reason="All of it looks odd.", now=timezone.now() - days(8), by=second_reviewer,
    )  # fmt: skip


def build_url(review, name="change"):
    return reverse(f"admin:compliance_review_{name}", args=[review.pk])


def list_held(review) -> list[str]:
    return sorted(one.order.order_id for one in review_money.list_held_commissions(review))


def test_opening_a_review_records_what_it_holds(review):
    event = review.events.get(kind="held")
    assert event.text == "2 commissions, 10.00 USD; all payouts: All of it looks odd."
    assert list_event_kinds(review) == ["notice", "held"]


def test_reviewer_releases_one_order_and_holds_it_again_with_a_reason(client, review, reviewer, orders, affiliate):
    client.force_login(reviewer)
    page = client.get(build_url(review)).content.decode()
    assert build_url(review, "release") in page
    form = client.get(build_url(review, "release")).content.decode()
    assert "ODD-1: 5.00 USD" in form
    answers = {"orders": [str(orders[0].order_id)], "reason": "The shop confirmed it."}
    response = confirm_twice(client, build_url(review, "release"), answers, follow=True)
    page = response.content.decode()
    assert response.redirect_chain == [(build_url(review), 302)]
    assert "1 commission, 5.00 USD: The shop confirmed it." in page
    assert list_held(review) == ["ODD-2"]
    assert review_money.holds_all_payouts(review)
    (mail,) = list_mails(affiliate, "hold_released")
    assert (mail.context["amount"], mail.context["held_all_payouts"]) == ("5.00 USD", False)
    record = AuditRecord.objects.get(action="review hold released")
    assert (record.by, record.reason) == (reviewer, "The shop confirmed it.")
    client.force_login(affiliate.user)
    assert "The shop confirmed it." in client.get(reverse("compliance:review", args=[review.pk])).content.decode()
    client.force_login(reviewer)
    confirm_twice(client, build_url(review, "hold"), answers | {"reason": "It came back."})
    assert list_held(review) == ["ODD-1", "ODD-2"]
    assert list_event_kinds(review) == ["notice", "held", "hold_released", "held"]


def test_release_by_finance_is_a_step_of_the_review(client, review, reviewer):
    hold = PayoutHold.objects.get()
    approver = make_staff("payout approvers")
    client.force_login(approver)
    page = client.get(reverse("admin:payouts_payouthold_change", args=[hold.pk])).content.decode()
    assert "placed by the review" in page.lower()
    url = reverse("admin:payouts_payouthold_release", args=[hold.pk])
    confirm_twice(client, url, {"reason": "The bank confirmed the account."})
    event = review.events.get(kind="hold_released")
    assert (event.by, event.text) == (approver, "all payouts: The bank confirmed the account.")
    assert not review_money.holds_all_payouts(review)
    client.force_login(reviewer)
    assert "The bank confirmed the account." in client.get(build_url(review)).content.decode()


@pytest.mark.parametrize("group", ["compliance reviewers", "payout preparers", "payout approvers"])
def test_payouts_are_held_and_released_from_the_page_of_the_affiliate(client, affiliate, group):
    staff = make_staff(group)
    client.force_login(staff)
    change, hold, release = (
        reverse(f"admin:affiliates_affiliate_{name}", args=[affiliate.pk])
        for name in ("change", "hold_payouts", "release_payouts")
    )
    page = client.get(change).content.decode()
    assert (hold in page, release in page) == (True, False)
    confirm_twice(client, hold, {"reason": "A call to the bank."})
    placed = PayoutHold.objects.get()
    assert (placed.reason, placed.placed_by) == ("A call to the bank.", staff)
    page = client.get(change).content.decode()
    assert (hold in page, release in page) == (False, True)
    url = client.get(release).url
    confirm_twice(client, url, {"reason": "All is well."})
    placed.refresh_from_db()
    assert placed.released_by == staff


def test_hold_after_a_change_of_the_email_address_is_released_by_finance_alone(client, affiliate, reviewer):
    now = timezone.now()
    hold = PayoutHold.objects.create(
        affiliate=affiliate, source="email-change:1", reason="Changed.", placed_at=now, ends_at=now + days(7)
    )
    page, url = (reverse(f"admin:payouts_payouthold_{name}", args=[hold.pk]) for name in ("change", "release"))
    client.force_login(reviewer)
    assert url not in client.get(page).content.decode()
    answer = client.post(url, {"confirmed": "1", "reason": "It was them."}, follow=True).content.decode()
    assert "are released by the payout groups" in answer
    with pytest.raises(NotAllowed):
        holds.release_payouts(affiliate=affiliate, source=hold.source, now=now, by=reviewer)
    hold.refresh_from_db()
    assert hold.released_at is None
    client.force_login(make_staff("payout approvers"))
    assert url in client.get(page).content.decode()
    confirm_twice(client, url, {"reason": "It was them."})
    hold.refresh_from_db()
    assert hold.released_at


def test_managers_neither_hold_nor_release(client, affiliate, review):
    client.force_login(make_staff("affiliate managers"))
    assert client.get(reverse("admin:affiliates_affiliate_hold_payouts", args=[affiliate.pk])).status_code == 403
    assert client.get(build_url(review, "release")).status_code == 403


def test_only_what_is_possible_is_offered(client, review, reviewer, orders):
    client.force_login(reviewer)
    release, hold = build_url(review, "release"), build_url(review, "hold")

    def list_offered() -> tuple[bool, bool]:
        page = client.get(build_url(review)).content.decode()
        return release in page, hold in page

    assert list_offered() == (True, True)
    numbers = [one.order_id for one in orders]
    now = timezone.now()
    hold_changes.release(review=review, orders=numbers, all_payouts=True, reason="x", now=now, by=reviewer)
    assert list_offered() == (False, True)
    assert client.get(release).status_code == 403
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=now, by=reviewer)
    # What the forfeiture holds is released by a granted appeal alone.
    assert list_offered() == (False, False)


def test_hold_changes_follow_the_state_of_the_review(review, reviewer, orders, affiliate):
    now = timezone.now()
    first = [orders[0].order_id]
    with pytest.raises(ValidationError, match="Enter a reason"):
        hold_changes.release(review=review, orders=first, reason=" ", now=now, by=reviewer)
    with pytest.raises(ValidationError, match="Choose what to hold"):
        hold_changes.hold(review=review, orders=first, all_payouts=True, reason="x", now=now, by=reviewer)
    with pytest.raises(NotAllowed, match="concerns you"):
        hold_changes.release(review=review, orders=first, reason="x", now=now, by=affiliate.user)
    with pytest.raises(IllegalTransition, match="deadline to decide has passed"):
        hold_changes.hold(review=review, orders=first, reason="x", now=review.decide_by, by=reviewer)
    hold_changes.release(review=review, orders=first, reason="x", now=now, by=reviewer)
    # A forfeiture concerns what is named, also what was released and is not paid.
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=now, by=reviewer)
    assert list_held(review) == ["ODD-1", "ODD-2"]
    with pytest.raises(IllegalTransition, match="until the time to appeal is over"):
        hold_changes.release(review=review, orders=first, reason="x", now=now, by=reviewer)
    with pytest.raises(IllegalTransition, match="This review is decided"):
        hold_changes.hold(review=review, all_payouts=True, reason="x", now=now, by=reviewer)
    hold_changes.release(review=review, all_payouts=True, reason="Enough is held.", now=now, by=reviewer)
    assert not PayoutHold.objects.filter(released_at=None).exists()


def test_nothing_is_held_for_a_missed_target(affiliate, reviewer):
    now = timezone.now()
    review = open_review(affiliate=affiliate, term="sales_target", summary="Few.", now=now, by=reviewer)
    with pytest.raises(ValidationError, match="everything earned is paid"):
        hold_changes.hold(review=review, all_payouts=True, reason="x", now=now, by=reviewer)
