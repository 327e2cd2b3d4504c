"""Shopify's webhooks, of an app or from the shop's notification settings (specification 11)."""

import base64
import hashlib
import hmac
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
from shops.connectors.shop_api import ShopApi
from shops.connectors.shopify import events
from shops.connectors.shopify.api import ShopifyApi, check_address_and_key
from shops.connectors.shopify.fields import clean_triggered_at
from shops.connectors.shopify.orders import build_order
from shops.models import Completion, Connection, Platform

SIGNATURE = "X-Shopify-Hmac-SHA256"
# How Shopify's access tokens begin. They are no secrets of webhooks, and are pasted by mistake.
TOKENS = ("shpat_", "shpca_", "shppa_", "shpua_", "atkn_")
TEST_PREFIX = "test "


class Shopify(Connector):
    """Signs with the client secret of the app, or with the one secret in the shop's notification settings."""

    platform: ClassVar = Platform.SHOPIFY
    default_completion: ClassVar = Completion.FULFILLED
    has_api: ClassVar = True
    has_collections: ClassVar = True
    api_advice: ClassVar = gettext_lazy(
        "Enter the client id and the client secret of an app of your shop with a colon between them, or its access token."
        " The app needs the permissions read_orders and read_products. With it, the categories and collections of products and"
        " missed events are read from the shop."
    )
    # `click_id_name`: the cart attribute, line property or parameter of the landing address with the click id.
    default_options: ClassVar[Options] = {"click_id_name": events.CLICK_ID_NAME}

    def check_secret(self, secret: str) -> None:
        super().check_secret(secret)
        if secret.strip().startswith(TOKENS):
            message = _("This is an access token. Enter the secret with which Shopify signs its webhooks.")
            raise ValidationError({"secret": message})

    def check_api(self, url: str, key: str) -> None:
        check_address_and_key(url, key)

    def open_api(self, connection: Connection) -> ShopApi | None:
        key = get_api_key(connection)
        return ShopifyApi(connection.api_url, key, connection.options) if key and connection.api_url else None

    def check_signature(self, delivery: Delivery, secrets: Sequence[str], options: Options) -> None:
        sent = delivery.headers.get(SIGNATURE.lower(), "").strip().encode("utf-8", "replace")
        if not sent:
            raise InvalidSignature(f"The header {SIGNATURE} is missing.")
        if not any([hmac.compare_digest(_sign(delivery.body, secret), sent) for secret in secrets]):  # noqa: C419
            raise InvalidSignature(f"The header {SIGNATURE} does not fit the body and the secret of this connection.")

    def name_event(self, delivery: Delivery, options: Options) -> EventName:
        headers = delivery.headers
        topic = headers.get("x-shopify-topic", "").strip().lower()
        is_test = headers.get("x-shopify-test", "").strip().lower() == "true"
        # An event of the shop may fire several topics, which share an Event-Id but not a Webhook-Id.
        name = headers.get("x-shopify-webhook-id", "").strip() or topic
        digest = hashlib.sha256(delivery.body).hexdigest()
        triggered_at = clean_triggered_at(headers.get("x-shopify-triggered-at", ""))
        return EventName(f"{name[:100]} {digest}", (TEST_PREFIX if is_test else "") + topic, triggered_at)

    def read_event(self, event: StoredEvent, options: Options) -> OrderParts | Product:
        if event.topic.startswith(TEST_PREFIX):
            raise Ignored("a test notification")
        return events.read_event(event, options)

    def build_order(self, state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
        return build_order(state, connection, was_sent=was_sent, now=now)


def _sign(body: bytes, secret: str) -> bytes:
    return base64.b64encode(hmac.new(secret.strip().encode(), body, hashlib.sha256).digest())
