"""One order as an affiliate may see it: whose it is and why, and each line's commission and why (CONTRACT 5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.clauses import clause_of
from agreements.rules import Rule
from payouts.commission_lists import with_state
from payouts.models import Commission, CommissionHold, StatementLine
from tracking.models import Order


class Wait(NamedTuple):
    """What a commission waits for, in words, with the clause that says so."""

    text: str
    clause: str
    at: datetime | None = None


class Line(NamedTuple):
    commission: Commission
    wait: Wait | None
    posted: Sequence[StatementLine]


def visible(affiliate: Affiliate) -> QuerySet[Order]:
    """The orders that `affiliate` may ask about: theirs, and those that they would have had but for the reason given."""
    return Order.objects.filter(Q(affiliate=affiliate) | Q(affiliate__isnull=True, claimant=affiliate)).select_related(
        "agreement", "link"
    )


def lines(order: Order, affiliate: Affiliate, now: datetime) -> list[Line]:
    """Each line of the order that has a commission of `affiliate`, with its state, what it waits for and what is settled."""
    rows = with_state(Commission.objects.for_affiliate(affiliate).filter(order=order), now)
    found = (
        rows.select_related("line", "agreement")
        .prefetch_related(
            Prefetch("holds", CommissionHold.objects.filter(released_at__isnull=True)),
            Prefetch(
                "statement_lines",
                StatementLine.objects.filter(statement__affiliate=affiliate).select_related("statement__close"),
            ),
        )
        .order_by("line__position", "line_id")
    )
    return [Line(row, waits_for(row, order), list(row.statement_lines.all())) for row in found]


def frozen_by(order: Order) -> str:
    """The clause by which the order stays whose it is, once a close has settled a line of it; "" before (CONTRACT 4)."""
    if not StatementLine.objects.filter(commission__order=order).exists():
        return ""
    return clause_of(order.agreement_id, Rule.ATTRIBUTION_FROZEN)


def waits_for(commission: Commission, order: Order) -> Wait | None:
    """What has to happen before the rest of the commission can be paid; None where nothing is left to wait for."""
    state = getattr(commission, "state", "")
    terms: UUID = commission.agreement_id
    if state == "held":
        names = ", ".join(hold.reason for hold in commission.holds.all())
        text = _("It is held: %(reasons)s. While it is held, a close posts only decreases.") % {"reasons": names}
        return Wait(text, clause_of(terms, Rule.REVIEW_HOLD))
    if state == "pending" and commission.validates_at is None:
        text = _("It waits until the shop reports the order as completed.")
        return Wait(text, clause_of(terms, Rule.VALIDATION_DAYS))
    if state == "pending":
        text = _("The order is completed. The commission is validated from")
        return Wait(text, clause_of(terms, Rule.VALIDATION_DAYS), commission.validates_at)
    if commission.amount != getattr(commission, "settled", commission.amount):
        return Wait(_("The next close posts it to your balance."), clause_of(terms, Rule.SETTLEMENT))
    return None
