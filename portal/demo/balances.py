"""What staff do to balances in the demo: adjustments by four eyes, a hold on payouts, and changed payout details."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from payouts.commissions import holds
from payouts.ledger import adjustments
from payouts.models import Adjustment
from portal.demo import people
from portal.demo.cast import Part
from portal.demo.roll import CAST, playing
from portal.demo.world import World, affiliate_of, affiliate_playing

BY_KEY = {persona.key: persona for persona in CAST}
BY_STAFF = "staff"


def touch(world: World) -> None:
    """Note all of it."""
    days, note = world.days, world.diary.note
    bonus = partial(
        _adjust, world, "anna", "bonus", Decimal("75.00"), "For the photographs that we may use in our catalogue."
    )
    note(days.ago(110), partial(bonus, approve=True))
    forgotten = partial(
        _adjust, world, "greenfingers", "correction", Decimal("12.40"), "An order of May that we had not sent."
    )
    note(days.ago(70), partial(forgotten, approve=True))
    clawback = partial(
        _adjust, world, "nova", "clawback", Decimal("-18.20"), "Paid twice in spring, as agreed by e-mail."
    )
    note(days.ago(2), partial(clawback, approve=False))
    note(days.ago(33), partial(_hold, world))
    for persona in playing(Part.MOVED):
        note(days.ago(2, 15), partial(people.move_account, persona))


def _adjust(world: World, key: str, kind: str, amount: Decimal, reason: str, now: datetime, *, approve: bool) -> None:
    """Propose an adjustment; if it is to be, the approver approves it the next day."""
    affiliate = affiliate_of(BY_KEY[key])
    proposed = adjustments.propose(
        affiliate=affiliate, kind=kind, amount=amount, reason=reason, now=now, by=world.staff["preparer"]
    )
    if approve:
        world.diary.note(now + timedelta(hours=23), partial(_approve, world, proposed))


def _approve(world: World, proposed: Adjustment, now: datetime) -> None:
    adjustments.approve(adjustment=proposed, now=now, by=world.staff["approver"])


def _hold(world: World, now: datetime) -> None:
    holds.hold_payouts(
        affiliate=affiliate_playing(Part.HELD),
        source=BY_STAFF,
        reason="We have been told of a change of the account’s owner and wait for the affiliate’s confirmation.",
        now=now,
        by=world.staff["approver"],
    )
