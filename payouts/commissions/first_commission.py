"""Telling affiliates of their first commission (CONTRACT 10): once, and only in an open program, so that a shop can load
its history in peace."""

from collections.abc import Collection
from uuid import UUID

from affiliates.models import Affiliate
from affiliates.notifications import notify

# SQL, true of a `person` who has earned nothing but on the orders in `new`, as long as these are not written yet: what was
# settled or forfeited was earned, whatever became of it. Nobody is asked for in a program that has not opened.
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


def send_first_commission(people: Collection[UUID]) -> None:
    """Post the e-mail to these affiliates, unless it has been posted before."""
    if people:
        for affiliate in Affiliate.objects.filter(pk__in=people).select_related("user"):
            notify(affiliate=affiliate, kind="first_commission", key=str(affiliate.pk))
