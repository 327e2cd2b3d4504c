"""Telling affiliates of their first commission (CONTRACT 10): once, and only in an open program, so that a shop can load
its history in peace."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from affiliates.models import Affiliate
from affiliates.notify import notify

# Nobody is asked for in a program that has not opened.
_FRESH = """
    SELECT person.id FROM affiliates_affiliate person
     WHERE person.id = ANY(%(people)s)
       AND EXISTS (SELECT FROM agreements_program WHERE opened_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM mail_message WHERE key = 'first_commission:' || person.id)
       AND NOT EXISTS (
           SELECT FROM payouts_commission WHERE affiliate_id = person.id AND order_id <> ALL(%(orders)s)
       ) AND EXISTS (
           SELECT FROM payouts_commission WHERE affiliate_id = person.id AND order_id = ANY(%(orders)s) AND amount > 0
       )
"""


def tell(*, affiliate_ids: Iterable[UUID], order_pks: Iterable[UUID]) -> None:
    """Post the e-mail to those of the affiliates whose only commissions are of these orders and earn something."""
    with connection.cursor() as cursor:
        cursor.execute(_FRESH, {"people": list(affiliate_ids), "orders": list(order_pks)})
        fresh = [pk for (pk,) in cursor.fetchall()]
    if fresh:
        for affiliate in Affiliate.objects.filter(pk__in=fresh).select_related("user"):
            notify(affiliate=affiliate, kind="first_commission", key=str(affiliate.pk))
