"""Staff decide nothing about themselves: every decision, made by the affiliate's own user, is refused (specification 7)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from affiliates import applications, channels
from affiliates.models import Channel, State
from agreements import offline_acceptances, promotions
from agreements.models import AgreementVersion
from compliance.models import Signal, TerminationNotice
from compliance.offboarding import suspension, termination
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from compliance.signals import dismissals
from lib.errors import NotAllowed
from payouts.commissions import holds
from payouts.disbursement import approval, payout_transitions
from payouts.ledger import adjustments
from payouts.models import Adjustment, Payout, PayoutBatch
from payouts.payout_details import details
from tests.compliance.cases import NOW, days
from tests.compliance.review_cases import appeal_review, open_fraud_review
from tests.factories import make_affiliate
from tracking.links import coupons

pytestmark = pytest.mark.django_db
Decision = Callable[..., Callable[[], object]]
CASES: dict[str, Decision] = {}


def case(decision: Decision) -> Decision:
    """Add a decision, which gets the affiliate, their user `by` and an uninvolved reviewer."""
    CASES[decision.__name__] = decision
    return decision


@case
def approve_application(affiliate, by, other):
    return lambda: applications.approve(affiliate=affiliate, clause="", now=NOW, by=by)


@case
def reject_application(affiliate, by, other):
    return lambda: applications.reject(affiliate=affiliate, reason="x", clause="", now=NOW, by=by)


@case
def approve_channel(affiliate, by, other):
    channel = Channel.objects.create(
        affiliate=affiliate, kind="website", address="https://a.example.com/", added_at=NOW
    )
    return lambda: channels.approve(channel=channel, clause="", now=NOW, by=by)


@case
def reject_channel(affiliate, by, other):
    channel = Channel.objects.create(
        affiliate=affiliate, kind="website", address="https://a.example.com/", added_at=NOW
    )
    return lambda: channels.reject(channel=channel, reason="x", clause="", now=NOW, by=by)


@case
def assign_coupon(affiliate, by, other):
    return lambda: coupons.assign_coupon(
        affiliate=affiliate, code="MINE", assigned_from=NOW - days(30), now=NOW, by=by, reason="Earned it."
    )


@case
def unassign_coupon(affiliate, by, other):
    coupon = coupons.assign_coupon(affiliate=affiliate, code="MINE", assigned_from=NOW, now=NOW, by=None)
    return lambda: coupons.unassign_coupon(coupon=coupon, now=NOW, by=by)


def build_adjustment(affiliate, other) -> Adjustment:
    return adjustments.propose(
        affiliate=affiliate, kind="bonus", amount=Decimal("5.00"), reason="Launch.", now=NOW, by=other
    )


@case
def propose_adjustment(affiliate, by, other):
    return lambda: build_adjustment(affiliate, by)


@case
def approve_adjustment(affiliate, by, other):
    adjustment = build_adjustment(affiliate, other)
    return lambda: adjustments.approve(adjustment=adjustment, now=NOW, by=by)


@case
def reject_adjustment(affiliate, by, other):
    adjustment = build_adjustment(affiliate, other)
    return lambda: adjustments.reject(adjustment=adjustment, reason="x", now=NOW, by=by)


@case
def release_payouts(affiliate, by, other):
    holds.hold_payouts(affiliate=affiliate, source="staff", reason="x", now=NOW, by=other)
    return lambda: holds.release_payouts(affiliate=affiliate, source="staff", now=NOW, by=by)


@case
def create_promotion(affiliate, by, other):
    return lambda: promotions.create_promotion(
        name="Mine", rate=Decimal("8.50"), categories=["home-decor"], affiliates=[affiliate],
        starts_at=NOW + days(1), ends_at=NOW + days(2), now=NOW, by=by,
    )  # fmt: skip


@case
def extend_promotion(affiliate, by, other):
    promotion = promotions.create_promotion(
        name="Hers", rate=Decimal("8.50"), categories=["home-decor"], affiliates=[affiliate],
        starts_at=NOW + days(1), ends_at=NOW + days(2), now=NOW, by=other,
    )  # fmt: skip
    return lambda: promotions.change_end(promotion=promotion, ends_at=NOW + days(9), now=NOW, by=by)


@case
def record_offline_acceptance(affiliate, by, other):
    return lambda: offline_acceptances.record_offline_acceptances(
        affiliates=[affiliate], agreement=AgreementVersion.objects.get(), accepted_at=NOW, evidence="x", now=NOW, by=by
    )


@case
def open_own_review(affiliate, by, other):
    return lambda: open_review(affiliate=affiliate, activity="fraud", summary="x", now=NOW, by=by)


@case
def note_on_own_review(affiliate, by, other):
    review = open_fraud_review(affiliate, other)
    return lambda: replies.add_note(review=review, text="x", now=NOW, by=by)


@case
def decide_review(affiliate, by, other):
    review = open_fraud_review(affiliate, other)
    return lambda: decisions.decide(review=review, decision="dismissed", reason="x", now=NOW, by=by)


@case
def decide_appeal(affiliate, by, other):
    review = appeal_review(affiliate, other, "warning")
    return lambda: appeals.decide_appeal(review=review, outcome="granted", reason="x", now=NOW + days(3), by=by)


@case
def dismiss_signal(affiliate, by, other):
    signal = Signal.objects.create(affiliate=affiliate, kind=Signal.Kind.SELF_PURCHASE, raised_at=NOW)
    return lambda: dismissals.dismiss_signal(signal=signal, reason="x", now=NOW, by=by)


@case
def suspend(affiliate, by, other):
    return lambda: suspension.suspend(affiliate=affiliate, reason="x", now=NOW, by=by)


@case
def reinstate(affiliate, by, other):
    suspension.suspend(affiliate=affiliate, reason="x", now=NOW, by=other)
    return lambda: suspension.reinstate(affiliate=affiliate, reason="x", now=NOW, by=by)


def give_notice(affiliate, by) -> TerminationNotice:
    return termination.give_notice(affiliate=affiliate, ground="choice", reason="x", now=NOW, by=by)


@case
def give_own_notice(affiliate, by, other):
    return lambda: give_notice(affiliate, by)


@case
def revoke_own_notice(affiliate, by, other):
    notice = give_notice(affiliate, other)
    return lambda: termination.revoke_notice(notice=notice, reason="x", now=NOW, by=by)


def create_payout(affiliate, state):
    entry = details.DetailsEntry(affiliate, "paypal", "me@example.com", affiliate.name, NOW - days(60))
    details.import_details(entries=[entry], now=NOW, by=None)
    current = details.get_current_details(affiliate, NOW)
    assert current is not None
    batch = PayoutBatch.objects.create(name="Batch", created_at=NOW)
    return Payout.objects.create(
        affiliate=affiliate, batch=batch, details=current, amount=Decimal("20.00"),
        reference="AC1", created_at=NOW, state=state,
    )  # fmt: skip


@case
def submit_payouts(affiliate, by, other):
    payout = create_payout(affiliate, Payout.State.DRAFT)
    return lambda: approval.submit(batch=payout.batch, now=NOW, by=by)


@case
def approve_payouts(affiliate, by, other):
    batch = create_payout(affiliate, Payout.State.DRAFT).batch
    approval.submit(batch=batch, now=NOW, by=other)
    digest = approval.summarize_batch(batch, NOW).digest
    return lambda: approval.approve(batch=batch, digest=digest, now=NOW, by=by)


@case
def cancel_payout(affiliate, by, other):
    payout = create_payout(affiliate, Payout.State.DRAFT)
    return lambda: payout_transitions.cancel(payout=payout, reason="x", now=NOW, by=by)


@case
def mark_payout_as_failed(affiliate, by, other):
    payout = create_payout(affiliate, Payout.State.DRAFT)
    return lambda: payout_transitions.fail(payout=payout, reason="x", now=NOW, by=by)


@case
def mark_payout_as_paid(affiliate, by, other):
    payout = create_payout(affiliate, Payout.State.DRAFT)
    return lambda: payout_transitions.pay(payout=payout, now=NOW, by=by)


@case
def reissue_payout(affiliate, by, other):
    payout = create_payout(affiliate, Payout.State.DRAFT)
    payout_transitions.cancel(payout=payout, reason="x", now=NOW, by=other)
    return lambda: payout_transitions.reissue(payout=payout, reason="x", now=NOW, by=by)


@pytest.mark.parametrize("name", CASES)
def test_staff_do_not_decide_about_themselves(affiliate, reviewer, name):
    if name.endswith("application"):
        affiliate = make_affiliate(state=State.APPLIED)
    affiliate.user.is_staff = True
    affiliate.user.save(update_fields=["is_staff"])
    decide = CASES[name](affiliate, affiliate.user, reviewer)
    with pytest.raises(NotAllowed, match="concerns you as an affiliate"):
        decide()
