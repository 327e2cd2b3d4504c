"""Adjustments with their second approval, a payout hold and changed payout details in the demo."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from payouts.commissions import holds
from payouts.ledger import adjustments
from payouts.models import Adjustment
from portal.demo import people
from portal.demo.context import DemoContext, get_affiliate, get_affiliate_in
from portal.demo.persona_data import PERSONAS, find_personas
from portal.demo.personas import Situation

PERSONAS_BY_KEY = {persona.key: persona for persona in PERSONAS}
STAFF_SOURCE = "staff"


def schedule_balance_changes(context: DemoContext) -> None:
    """Schedule the adjustments, the payout hold and the change of payout details."""
    days, schedule = context.days, context.timeline.schedule
    bonus = partial(
        _propose_adjustment,
        context,
        "anna",
        "bonus",
        Decimal("75.00"),
        "Fee for the use of your photographs in our catalog.",
    )
    schedule(days.ago(110), partial(bonus, approve=True))
    forgotten = partial(
        _propose_adjustment,
        context,
        "greenfingers",
        "correction",
        Decimal("12.40"),
        "An order from May that we forgot to report.",
    )
    schedule(days.ago(70), partial(forgotten, approve=True))
    clawback = partial(
        _propose_adjustment,
        context,
        "nova",
        "clawback",
        Decimal("-18.20"),
        "Paid twice in spring, as agreed by e-mail.",
    )
    schedule(days.ago(2), partial(clawback, approve=False))
    schedule(days.ago(33), partial(_hold_payouts, context))
    for persona in find_personas(Situation.PAYOUT_DETAILS_CHANGED):
        schedule(days.ago(2, 15), partial(people.change_payout_details, persona))


def _propose_adjustment(
    context: DemoContext, key: str, kind: str, amount: Decimal, reason: str, now: datetime, *, approve: bool
) -> None:
    """Propose an adjustment; with `approve`, schedule its approval for the next day."""
    affiliate = get_affiliate(PERSONAS_BY_KEY[key])
    proposed = adjustments.propose(
        affiliate=affiliate, kind=kind, amount=amount, reason=reason, now=now, by=context.staff["preparer"]
    )
    if approve:
        context.timeline.schedule(now + timedelta(hours=23), partial(_approve_adjustment, context, proposed))


def _approve_adjustment(context: DemoContext, proposed: Adjustment, now: datetime) -> None:
    adjustments.approve(adjustment=proposed, now=now, by=context.staff["approver"])


def _hold_payouts(context: DemoContext, now: datetime) -> None:
    holds.hold_payouts(
        affiliate=get_affiliate_in(Situation.PAYOUTS_HELD),
        source=STAFF_SOURCE,
        reason="The bank reported a new owner of the account. We are waiting for the affiliate to confirm it.",
        now=now,
        by=context.staff["approver"],
    )
