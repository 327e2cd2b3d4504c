"""A shop of the simplest kind for tests of the inbox: its events are orders as our snapshots have them."""

import hashlib
import hmac
import json
from datetime import datetime
from uuid import uuid4

from shops.connectors import secrets
from shops.connectors.base import (
    BuiltOrder,
    Connector,
    Delivery,
    EventName,
    Ignored,
    InvalidSignature,
    OrderParts,
    Product,
    StoredEvent,
)
from shops.connectors.parts import Part, get_data
from shops.models import Connection, Platform
from tests.scenarios import NOW
from tracking.orders.snapshot_fields import Rejected

SECRET = "a-secret-of-the-shop"


class PlainConnector(Connector):
    platform = Platform.GENERIC

    def check_signature(self, delivery, secrets, options):
        signature = delivery.headers.get("x-signature", "")
        if not any(hmac.compare_digest(sign(delivery.body, secret), signature) for secret in secrets):
            raise InvalidSignature("The header X-Signature does not fit.")

    def get_ping_answer(self, delivery):
        return "pong" if delivery.body == b"ping" else None

    def name_event(self, delivery, options):
        return EventName(delivery.headers["x-delivery"], delivery.headers.get("x-topic", "order"))

    def read_event(self, event: StoredEvent, options):
        if event.topic == "other":
            raise Ignored("a topic of no use")
        if event.topic == "product":
            return Product(
                event.content["id"], event.content["title"], event.content["categories"], event.arrival_version
            )
        if not isinstance(event.content, dict) or "id" not in event.content:
            raise Rejected("id", "is missing")
        if event.content["id"] == "poison":
            raise ZeroDivisionError
        return OrderParts(str(event.content["id"]), [Part("order", event.content["at"], event.content)])

    def build_order(self, state, connection, *, was_sent, now):
        order = get_data(state, "order")
        if order.get("unpaid") and not was_sent:
            raise Ignored("is not paid yet")
        at = datetime.fromisoformat(order["at"])
        lines = [
            {
                "line_id": line["id"],
                "quantity": 1,
                "amount": line["amount"],
                "refunded": line.get("refunded", "0.00"),
                "product_key": line.get("product", ""),
                "shop_categories": line.get("categories", []),
            }
            for line in order["lines"]
        ]
        row = {
            "status": "completed",
            "placed_at": order["placed"],
            "completed_at": order["placed"],
            "currency": order.get("currency", "USD"),
            "coupons": order.get("coupons", []),
            "click_id": order.get("click_id"),
            "customer": {"ref": order.get("customer_ref")},
            "lines": lines,
        }
        return BuiltOrder(row, changed_at=at)


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def build_delivery(content: object, *, topic: str = "order", delivery: str = "", at: datetime = NOW) -> Delivery:
    body = json.dumps(content).encode()
    headers = {"x-signature": sign(body), "x-delivery": delivery or str(uuid4()), "x-topic": topic}
    return Delivery(headers, body, at)


def make_connection(name: str = "plain shop", prefix: str = "plain") -> Connection:
    connection = Connection(platform=Platform.GENERIC, name=name, prefix=prefix, created_at=NOW)
    secrets.set_secret(connection, SECRET)
    connection.save()
    return connection
