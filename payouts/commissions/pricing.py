"""What each line of an attributed order earns, and every step that led to it (CONTRACT 5)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from agreements.rules import Rule
from lib.money import ZERO, calculate_share
from payouts.commissions.rates import Offer, RateCard, find_best_offer
from tracking.orders.snapshots import Line, Snapshot


class LineCommission(NamedTuple):
    """One line's commission. Amounts in the program's currency, the rate in percent."""

    category: str
    base: Decimal
    rate: Decimal
    amount: Decimal
    clause: str
    steps: list[dict[str, str]]


def price_lines(
    snapshot: Snapshot, lines: Sequence[Line], *, affiliate_id: UUID, card: RateCard, offers: Sequence[Offer]
) -> list[LineCommission]:
    """The commission of each line, in the order sent: the cap is filled in that order until it is used up. A line that
    `snapshot` has not is one that it no longer has."""
    left = card.order_commission_cap
    told = {line.line_id for line in snapshot.lines}
    priced: list[LineCommission] = []
    for line in lines:
        one = _price_line(snapshot, line, affiliate_id, card, offers, is_removed=line.line_id not in told)
        if left is not None:
            capped = min(one.amount, left)
            left -= capped
            if capped < one.amount:
                said = (
                    f"The order's commission is limited to {card.order_commission_cap}: {capped} is left for this line."
                )
                one = one._replace(
                    amount=capped, steps=[*one.steps, _build_step(card, Rule.ORDER_COMMISSION_CAP, said)]
                )
        priced.append(one)
    return priced


def get_validation_time(snapshot: Snapshot, card: RateCard) -> datetime | None:
    """From when the commissions can be paid: completion and `validation_days` of 24 hours; None before completion."""
    if snapshot.status != "completed" or snapshot.completed_at is None:
        return None
    return snapshot.completed_at + timedelta(hours=24 * card.validation_days)


def _price_line(
    snapshot: Snapshot, line: Line, affiliate_id: UUID, card: RateCard, offers: Sequence[Offer], *, is_removed: bool
) -> LineCommission:
    rate, offer = find_best_offer(
        offers, card, affiliate_id=affiliate_id, category=line.category, placed_at=snapshot.placed_at
    )
    base = ZERO if snapshot.status == "cancelled" else line.amount - line.refunded
    amount = calculate_share(base, rate)
    listed, named = card.get_rate(line.category)
    what = line.category if named else f"{line.category} is not named, so everything else"
    steps = [_build_step(card, Rule.RATE_CARD, f"Rate card of version {card.name}: {what}, {listed} %.")]
    if offer:
        above = (
            f", which would give {offer.percent} %, as far as the highest rate allows" if offer.percent > rate else ""
        )
        said = f"Raised to {rate} % by the promotion {offer.name}{above}."
        steps.append(_build_step(card, Rule.PROMOTIONS, said))
    if snapshot.status == "cancelled":
        steps.append(_build_step(card, Rule.REFUNDS, "The order was cancelled, so nothing of it earns."))
    elif is_removed:
        steps.append(_build_step(card, Rule.REFUNDS, "The shop no longer lists this line, so it counts as 0.00."))
    elif line.refunded:
        said = f"{line.amount} paid, less {line.refunded} given back, is {base}."
        steps.append(_build_step(card, Rule.REFUNDS, said))
    steps.append(_build_step(card, Rule.ROUNDING, f"{base} x {rate} % = {amount}, rounded once to the cent."))
    clause = card.get_clause(Rule.PROMOTIONS if offer else Rule.RATE_CARD)
    return LineCommission(line.category, base, rate, amount, clause, steps)


def _build_step(card: RateCard, rule: Rule, text: str) -> dict[str, str]:
    return {"rule": rule.value, "clause": card.get_clause(rule), "text": text}
