"""The e-mail for each new commission, for affiliates who want it: a few an hour, then bundled (specification 10)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from affiliates.models import Affiliate
from affiliates.notifications import Notice, notify_many
from agreements.models import Program
from agreements.program_currency import get_program_currency
from lib.formatting import format_money, lazy_datetime_for
from messaging.models import SaleNotice, SaleSubscription

HOUR = timedelta(hours=1)
# An order that arrives later than this is no news. Notices are kept for longer, so that none is repeated.
WINDOW = timedelta(days=7)
KEPT = timedelta(days=30)
# As many as a bundle names.
MAX_NAMED = 20

_IS_NEW = """
    commission.amount > 0
    AND commission.placed_at >= GREATEST(subscription.since, %(since)s)
    AND NOT EXISTS (SELECT FROM messaging_salenotice notice
                     WHERE notice.affiliate_id = commission.affiliate_id AND notice.order_id = commission.order_id)
"""
_AFFILIATES = f"""
    SELECT subscription.affiliate_id FROM messaging_salesubscription subscription
     WHERE EXISTS (SELECT FROM payouts_commission commission
                    WHERE commission.affiliate_id = subscription.affiliate_id AND {_IS_NEW})
     ORDER BY subscription.affiliate_id
"""  # noqa: S608 -- our own words
_SALES = f"""
    SELECT commission.order_id, o.order_id, MIN(commission.placed_at), SUM(commission.amount)
      FROM messaging_salesubscription subscription
      JOIN payouts_commission commission ON commission.affiliate_id = subscription.affiliate_id
      JOIN tracking_order o ON o.id = commission.order_id
     WHERE subscription.affiliate_id = %(affiliate)s AND {_IS_NEW}
     GROUP BY commission.order_id, o.order_id
     ORDER BY MIN(commission.placed_at), commission.order_id
"""  # noqa: S608 -- our own words


class Sale(NamedTuple):
    """An order with its number in the shop and the commission of its lines."""

    order_pk: UUID
    number: str
    placed_at: datetime
    commission: Decimal


def subscribe(*, affiliate: Affiliate, now: datetime) -> None:
    """Send the affiliate an e-mail for each commission of orders placed from `now` on."""
    SaleSubscription.objects.get_or_create(affiliate=affiliate, defaults={"since": now})


def unsubscribe(*, affiliate: Affiliate) -> None:
    """Send the affiliate no more e-mails about new commissions."""
    SaleSubscription.objects.filter(affiliate=affiliate).delete()


def send_sale_emails(*, now: datetime) -> int:
    """Queue the e-mails about commissions that are new since the last run. Return how many.

    Nothing is sent before the program is opened, so that importing a shop's past orders sends nothing.
    """
    SaleNotice.objects.filter(noticed_at__lt=now - KEPT).delete()
    if not Program.objects.exclude(opened_at=None).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_AFFILIATES, {"since": now - WINDOW})
        affiliates = [pk for (pk,) in cursor.fetchall()]
    return sum(_send_to(pk, now) for pk in affiliates)


@transaction.atomic
def _send_to(affiliate_pk: UUID, now: datetime) -> int:
    """Queue the e-mails of one affiliate together with the notices that keep them from being repeated."""
    rows = SaleSubscription.objects.select_for_update(of=("self",), skip_locked=True).select_related("affiliate__user")
    subscription = rows.filter(affiliate=affiliate_pk).first()
    if subscription is None or subscription.affiliate.erased_at:
        return 0
    is_new_hour = subscription.hour_started_at is None or subscription.hour_started_at <= now - HOUR
    sent = 0 if is_new_hour else subscription.sent_this_hour
    sales = _list_sales(affiliate_pk, now)
    groups = _bundle(sales, settings.SALE_EMAILS_PER_HOUR - sent)
    if not groups:
        return 0
    notify_many(kind="sale", notices=[_build_notice(subscription.affiliate, group) for group in groups])
    SaleNotice.objects.bulk_create(
        [SaleNotice(order_id=sale.order_pk, affiliate_id=affiliate_pk, noticed_at=now) for sale in sales],
        batch_size=1000,
    )
    subscription.hour_started_at = now if is_new_hour else subscription.hour_started_at
    subscription.sent_this_hour = sent + len(groups)
    subscription.save(update_fields=["hour_started_at", "sent_this_hour"])
    return len(groups)


def _list_sales(affiliate_pk: UUID, now: datetime) -> list[Sale]:
    with connection.cursor() as cursor:
        cursor.execute(_SALES, {"affiliate": affiliate_pk, "since": now - WINDOW})
        return [Sale(*row) for row in cursor.fetchall()]


def _bundle(sales: Sequence[Sale], most: int) -> list[Sequence[Sale]]:
    """Return the sales of each of at most `most` e-mails: one each, the last with all that are left."""
    if most < 1 or not sales:
        return []
    single = len(sales) if len(sales) <= most else most - 1
    groups: list[Sequence[Sale]] = [[sale] for sale in sales[:single]]
    return [*groups, sales[single:]] if sales[single:] else groups


def _build_notice(affiliate: Affiliate, sales: Sequence[Sale]) -> Notice:
    currency = get_program_currency()
    rows = [
        {
            "number": sale.number,
            "placed_at": lazy_datetime_for(sale.placed_at, affiliate),
            "commission": format_money(sale.commission, currency),
        }
        for sale in sales[:MAX_NAMED]
    ]
    context = {
        "sales": rows,
        "count": len(sales),
        "more": max(0, len(sales) - MAX_NAMED),
        "total": format_money(sum((sale.commission for sale in sales), Decimal(0)), currency),
        "order": str(sales[0].order_pk),
    }
    return Notice(affiliate, f"{affiliate.pk}:{sales[0].order_pk}", context)
