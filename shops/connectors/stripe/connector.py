"""Stripe Checkout: orders from the events of sessions, payments, refunds and disputes (specification 11)."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.connectors.base import BuiltOrder, Connector, Delivery, EventName, Options, OrderParts, StoredEvent
from shops.connectors.parts import State
from shops.connectors.secrets import get_api_key
from shops.connectors.shop_api import ShopApi
from shops.connectors.stripe import events, orders, signature
from shops.connectors.stripe.api import URL, StripeApi, check_key
from shops.models import Completion, Connection, Platform

_SECRET = re.compile(r"whsec_[!-~]+", re.ASCII)


class Stripe(Connector):
    platform = Platform.STRIPE
    has_api = True
    api_advice = gettext_lazy(
        "Enter a restricted key of live mode, which begins with rk_live_, with the permission to read charges and refunds,"
        " checkout sessions, events, payment intents, prices, products and promotion codes. With it, line items, promotion"
        " codes and missed events are read from Stripe."
    )
    api_url = URL
    # Stripe does not know when an order is fulfilled.
    default_completion = Completion.PAID
    default_options: ClassVar[Options] = {
        # The category of the rate card for all orders; a mapping of the metadata's category comes first.
        "category": "",
        # The keys under which the session's metadata has the category in the shop, and the click id.
        "category_metadata": events.DEFAULT_CATEGORY_METADATA,
        "click_id_metadata": events.DEFAULT_CLICK_ID_METADATA,
        # {id of a promotion code, "promo_...": the code that customers enter}. Events have only the id.
        "promotion_codes": {},
    }

    def check_secret(self, secret: str) -> None:
        super().check_secret(secret)
        if not _SECRET.fullmatch(secret):
            message = _("Enter the signing secret of the webhook endpoint in Stripe, which begins with whsec_.")
            raise ValidationError({"secret": message})

    def check_api(self, url: str, key: str) -> None:
        check_key(key)

    def open_api(self, connection: Connection) -> ShopApi | None:
        key = get_api_key(connection)
        return StripeApi(connection.api_url or URL, key, connection.options) if key else None

    def check_signature(self, delivery: Delivery, secrets: Sequence[str], options: Options) -> None:
        signature.check_signature(delivery, secrets)

    def name_event(self, delivery: Delivery, options: Options) -> EventName:
        """Return the event's own id: each retry has a new signature and may have other `pending_webhooks`."""
        content = _parse(delivery.body)
        name, topic = content.get("id"), content.get("type")
        return EventName(
            name if isinstance(name, str) and name else hashlib.sha256(delivery.body).hexdigest(),
            topic if isinstance(topic, str) else "",
            _format_moment(content.get("created")),
        )

    def read_event(self, event: StoredEvent, options: Options) -> OrderParts:
        return events.read_event(event, options)

    def build_order(self, state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
        return orders.build_order(state, connection, was_sent=was_sent, now=now)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _format_moment(created: object) -> str:
    """Return seconds since 1970 as ISO 8601, "" if they are none."""
    try:
        return datetime.fromtimestamp(created, UTC).isoformat() if type(created) is int else ""
    except (ValueError, OverflowError, OSError):
        return ""
