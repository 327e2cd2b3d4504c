"""WooCommerce: signed webhooks of its REST API, and the API itself with read-only keys (specification 11)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.connectors.base import (
    BuiltOrder,
    Connector,
    Delivery,
    EventName,
    Ignored,
    InvalidSignature,
    Options,
    OrderParts,
    Product,
    StoredEvent,
)
from shops.connectors.parts import State
from shops.connectors.secrets import get_api_key
from shops.connectors.shop_api import ShopApi, check_api_url
from shops.connectors.woocommerce import events, orders
from shops.connectors.woocommerce.api import WooCommerceApi, split_key
from shops.models import Connection, Platform

CLICK_ID_KEY = "_accord_click_id"
MIN_SECRET = 16
_SECRET = re.compile(r"[A-Za-z0-9]+", re.ASCII)
_PING = re.compile(rb"webhook_id=[0-9]{1,20}", re.ASCII)


class WooCommerce(Connector):
    platform = Platform.WOOCOMMERCE
    has_api = True
    api_advice = gettext_lazy(
        "Enter the consumer key and the consumer secret of a REST API key with the permission “Read”, with a colon between"
        " them. With it, refunds by line, the categories of products and missed events are read from the shop."
    )
    # `click_id_key` names the meta data of an order in which the shop stores the click id; the landing address of the
    # shop's order attribution is read as well. `statuses` says what the shop's own statuses mean: paid, completed,
    # refunded, unpaid or cancelled.
    default_options: ClassVar[Options] = {"click_id_key": CLICK_ID_KEY, "statuses": {}}

    def check_secret(self, secret: str) -> None:
        """Refuse what the shop may store in another form: versions of WooCommerce escape some characters."""
        if len(secret) < MIN_SECRET or not _SECRET.fullmatch(secret):
            message = _("The secret must be at least %(count)s letters and digits.") % {"count": MIN_SECRET}
            raise ValidationError({"secret": message})

    def get_ping_answer(self, delivery: Delivery) -> str | None:
        """Answer the unsigned test request that the shop sends when a webhook is saved."""
        is_signed = any(name.startswith("x-wc-webhook") for name in delivery.headers)
        return "pong" if not is_signed and _PING.fullmatch(delivery.body) else None

    def check_api(self, url: str, key: str) -> None:
        check_api_url(url)
        split_key(key)

    def open_api(self, connection: Connection) -> ShopApi | None:
        key = get_api_key(connection)
        if not key or not connection.api_url:
            return None
        return WooCommerceApi(connection.api_url, key, _get_click_id_key(connection.options))

    def check_signature(self, delivery: Delivery, secrets: Sequence[str], options: Options) -> None:
        signature = delivery.headers.get("x-wc-webhook-signature", "")
        if not signature:
            raise InvalidSignature("The header X-WC-Webhook-Signature is missing.")
        sent = signature.encode("utf-8", "replace")
        fits = [hmac.compare_digest(sign(delivery.body, secret), sent) for secret in secrets]
        if not any(fits):
            raise InvalidSignature("The header X-WC-Webhook-Signature does not fit the body and the secret.")

    def name_event(self, delivery: Delivery, options: Options) -> EventName:
        """Return the name of an event: the shop's delivery id is equal for all events of one second."""
        webhook, sent = (delivery.headers.get(f"x-wc-webhook-{name}", "")[:60] for name in ("id", "delivery-id"))
        digest = hashlib.sha256(delivery.body).hexdigest()
        return EventName(f"{webhook} {sent} {digest}", delivery.headers.get("x-wc-webhook-topic", ""))

    def read_event(self, event: StoredEvent, options: Options) -> OrderParts | Product:
        if event.topic in events.ORDER_TOPICS:
            return events.read_order(event, _get_click_id_key(options))
        if event.topic == "order.deleted":
            return events.read_deletion(event)
        if event.topic in events.PRODUCT_TOPICS:
            return events.read_product(event)
        raise Ignored(f"the topic {event.topic or '(none)'} is not needed")

    def build_order(self, state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
        return orders.build_order(state, connection, was_sent=was_sent, now=now)


def _get_click_id_key(options: Options) -> str:
    return str(options.get("click_id_key") or CLICK_ID_KEY)


def sign(body: bytes, secret: str) -> bytes:
    """Return the signature of a body: the HMAC-SHA-256 in base64."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
