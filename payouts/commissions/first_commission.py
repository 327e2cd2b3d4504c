"""The e-mail about an affiliate's first commission (specification 10).

It is sent once, and only in an open program, so that importing a shop's past orders sends nothing.
"""

from collections.abc import Collection
from uuid import UUID

from affiliates.models import Affiliate
from affiliates.notifications import notify

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
    if affiliate_ids:
        for affiliate in Affiliate.objects.filter(pk__in=affiliate_ids).select_related("user"):
            notify(affiliate=affiliate, kind="first_commission", key=str(affiliate.pk))
