"""The commission of each line of an attributed order, with the steps of its calculation (specification 5)."""

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
    """The commission of one line: amounts in the program's currency, the rate in percent."""

    category: str
    base: Decimal
    rate: Decimal
    amount: Decimal
    clause: str
    steps: list[dict[str, str]]


def price_lines(
    snapshot: Snapshot, lines: Sequence[Line], *, affiliate_id: UUID, card: RateCard, offers: Sequence[Offer]
) -> list[LineCommission]:
    """Return the commission of each line, in the same order; the lines use up the cap per order in that order.

    Lines that `snapshot` no longer has are priced as removed.
    """
    left = card.order_commission_cap
    current = {line.line_id for line in snapshot.lines}
    priced: list[LineCommission] = []
    for line in lines:
        commission = _price_line(snapshot, line, affiliate_id, card, offers, is_removed=line.line_id not in current)
        if left is not None:
            capped = min(commission.amount, left)
            left -= capped
            if capped < commission.amount:
                text = f"Commission per order is capped at {card.order_commission_cap}; {capped} is left for this line."
                commission = commission._replace(
                    amount=capped, steps=[*commission.steps, card.build_step(Rule.ORDER_COMMISSION_CAP, text)]
                )
        priced.append(commission)
    return priced


def get_validation_time(snapshot: Snapshot, card: RateCard) -> datetime | None:
    """Return the time of validation: `validation_days` of 24 hours after completion; None before completion."""
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
    steps = [card.get_rate_step(line.category)]
    if offer:
        limit = f" ({offer.percent} %, limited to the maximum rate)" if offer.percent > rate else ""
        steps.append(card.build_step(Rule.PROMOTIONS, f"Raised to {rate} % by the promotion {offer.name}{limit}."))
    if snapshot.status == "cancelled":
        steps.append(card.build_step(Rule.REFUNDS, "The order was cancelled, so it earns nothing."))
    elif is_removed:
        steps.append(card.build_step(Rule.REFUNDS, "The shop no longer lists this line, so it counts as 0.00."))
    elif line.refunded:
        steps.append(card.build_step(Rule.REFUNDS, f"{line.amount} paid less {line.refunded} refunded is {base}."))
    steps.append(card.build_step(Rule.ROUNDING, f"{base} x {rate} % = {amount}, rounded once to the cent."))
    clause = card.get_clause(Rule.PROMOTIONS if offer else Rule.RATE_CARD)
    return LineCommission(line.category, base, rate, amount, clause, steps)
