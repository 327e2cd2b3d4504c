"""The e-mail about an affiliate's first commission (specification 10).

It is sent once, and only in an open program, so that importing a shop's past orders sends nothing.
"""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from affiliates.notifications import Notice, notify_many
from agreements.clauses import cite_clause
from agreements.rules import Rule
from lib.formatting import format_money, lazy_datetime_for
from payouts.models import Commission

# SQL condition, true of an affiliate `person` whose only commissions are those of the orders in `new`, which are not
# written yet. A commission that was settled or forfeited counts as earned even if it is 0.00 now.
AWAITS_FIRST_COMMISSION_MAIL = """(
    EXISTS (SELECT FROM agreements_program WHERE opened_at IS NOT NULL)
    AND person.erased_at IS NULL
    AND NOT EXISTS (SELECT FROM mail_message WHERE key = 'first_commission:' || person.id)
    AND NOT EXISTS (
        SELECT FROM payouts_commission earlier
         WHERE earlier.affiliate_id = person.id AND earlier.order_id NOT IN (SELECT order_id FROM new)
           AND (earlier.amount > 0 OR earlier.forfeited_at IS NOT NULL
                OR EXISTS (SELECT FROM payouts_statementline line WHERE line.commission_id = earlier.line_id))
    )
)"""


def send_first_commission(affiliate_ids: Collection[UUID]) -> None:
    """Send the e-mail to these affiliates, except those who got it before."""
    if not affiliate_ids:
        return
    earned = Commission.objects.filter(affiliate__in=affiliate_ids, amount__gt=0)
    firsts = earned.order_by("affiliate_id", "placed_at", "order_id", "line_id").distinct("affiliate_id")
    rows = list(firsts.select_related("agreement", "affiliate__user", "order"))
    sums = {
        (row["affiliate_id"], row["order_id"]): row
        for row in earned.filter(order__in=[first.order_id for first in rows])
        .values("affiliate_id", "order_id")
        .annotate(earned=Sum("amount"), value=Sum("base"))
    }
    notices = [
        Notice(
            first.affiliate, str(first.affiliate_id), _build_context(first, **sums[first.affiliate_id, first.order_id])
        )
        for first in rows
    ]
    notify_many(kind="first_commission", notices=notices)


def _build_context(first: Commission, *, earned: Decimal, value: Decimal, **_keys: object) -> dict[str, object]:
    currency = first.agreement.currency
    return {
        "order": first.order.order_id,
        "placed_at": lazy_datetime_for(first.placed_at, first.affiliate),
        "amount": format_money(earned, currency),
        "order_value": format_money(value, currency),
        "clause": cite_clause(first.agreement, Rule.RATE_CARD),
    }
