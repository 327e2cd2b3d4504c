"""The events of orders, sent as Standard Webhooks once they are committed: placed, refunded, changed in status."""

import json
import logging
import urllib.request
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.db.models.signals import post_save
from oscar.apps.checkout.signals import post_checkout
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model
from standardwebhooks import Webhook

from oscar_shop.clicks import find_click

logger = logging.getLogger(__name__)
REFUND = "refund"
TIMEOUT_SECONDS = 5


def connect() -> None:
    post_checkout.connect(lambda order, **kwargs: queue("order.placed", order), weak=False, dispatch_uid="placed")
    order_status_changed.connect(
        lambda order, **kwargs: queue("order.updated", order), weak=False, dispatch_uid="status"
    )
    post_save.connect(_queue_refund, sender=get_model("order", "PaymentEvent"), dispatch_uid="refund")


def _queue_refund(sender: Any, *, instance: Any, created: bool, **kwargs: Any) -> None:
    if created and instance.event_type.code == REFUND:
        queue("order.refunded", instance.order)


def queue(topic: str, order: Any) -> None:
    """Send the order as it is when the transaction commits: a refund gets its lines after it was saved."""
    transaction.on_commit(partial(send, topic, order.pk))


def send(topic: str, pk: int) -> None:
    """Send the event. A failure is logged only: the shop's own work is done."""
    if not settings.HOOK_URL:
        return
    body = json.dumps(build_event(topic, get_model("order", "Order").objects.get(pk=pk)))
    identifier, now = f"msg_{uuid4().hex}", datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(settings.HOOK_SECRET).sign(identifier, now, body),
    }
    request = urllib.request.Request(settings.HOOK_URL, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            logger.info("%s of order %s: %s", topic, pk, response.status)
    except OSError:
        logger.exception("%s of order %s was not sent", topic, pk)


def build_event(topic: str, order: Any) -> dict[str, Any]:
    """Return the whole order in the format that a generic connection reads without settings."""
    address = order.billing_address or order.shipping_address
    codes = [discount.voucher_code for discount in order.discounts.exclude(voucher_code="")]
    return {
        "type": topic,
        "data": {
            "id": order.number,
            "updated_at": datetime.now(UTC).isoformat(),
            "placed_at": order.date_placed.isoformat(),
            "status": order.status,
            "currency": order.currency,
            "click_id": find_click(order),
            "coupons": codes,
            "customer": {"id": order.email, "country": address.country_id if address else None},
            "lines": [_build_line(line) for line in order.lines.order_by("pk")],
        },
    }


def _build_line(line: Any) -> dict[str, Any]:
    refunds = line.payment_event_quantities.filter(event__event_type__code=REFUND)
    product = line.product
    return {
        "id": line.pk,
        "product_id": line.product_id,
        "sku": line.partner_sku,
        "title": line.title,
        "categories": [category.name for category in product.get_categories()] if product else [],
        "quantity": line.quantity,
        "amount": str(line.line_price_excl_tax),
        "refunded_quantity": refunds.aggregate(sum=Sum("quantity"))["sum"] or 0,
    }
