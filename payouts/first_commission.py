"""Telling affiliates of their first commission (CONTRACT 10): once, and only in an open program, so that a shop can load
its history in peace."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from affiliates.models import Affiliate
from affiliates.notify import notify
from agreements.models import Program
from mail.models import Message
from payouts.models import Commission


def tell(*, affiliate_ids: Iterable[UUID], order_pks: Iterable[UUID]) -> None:
    """Post the e-mail to those of the affiliates whose only commissions are of these orders and earn something."""
    wanted = {f"first_commission:{pk}": pk for pk in affiliate_ids}
    if not wanted or not Program.objects.filter(opened_at__isnull=False).exists():
        return
    told = set(Message.objects.filter(key__in=wanted).values_list("key", flat=True))
    orders = list(order_pks)
    commissions = Commission.objects.filter(affiliate=OuterRef("pk"))
    fresh = Affiliate.objects.filter(pk__in=[pk for key, pk in wanted.items() if key not in told]).filter(
        ~Exists(commissions.exclude(order__in=orders)), Exists(commissions.filter(order__in=orders, amount__gt=0))
    )
    for affiliate in fresh.select_related("user"):
        notify(affiliate=affiliate, kind="first_commission", key=str(affiliate.pk))
