"""Events of Stripe with invented data, in the form of the documented payloads."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shops.connectors import secrets
from shops.connectors.base import Delivery
from shops.models import Completion, Connection, Platform
from tests.scenarios import NOW

FIXTURES = Path(__file__).parent / "fixtures"
# An example secret, which signs nothing outside of tests.
SECRET = "whsec_" + "exampleOfASigningSecret0"
# 2026-01-12T12:00:00Z, when the checkout is completed.
START = 1_768_219_200
DAY = 86_400
API_VERSION = "2026-06-24.dahlia"

Event = dict[str, Any]


def load(name: str, **changes: Any) -> dict[str, Any]:
    """Return a fixture with other values at the top level."""
    content: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return content | changes


def build_event(topic: str, content: dict[str, Any], at: int = 0, **changes: Any) -> Event:
    """Return the event of a type with its object, `at` seconds after the checkout was completed."""
    id_ = hashlib.sha256(json.dumps([topic, content, at], sort_keys=True, default=str).encode()).hexdigest()[:24]
    event = {
        "id": f"evt_{id_}",
        "object": "event",
        "api_version": API_VERSION,
        "created": START + at,
        "data": {"object": content},
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": topic,
    }
    return event | changes


def complete(at: int = 0, **changes: Any) -> Event:
    return build_event("checkout.session.completed", load("session", **changes), at)


def settle(outcome: str, at: int, **changes: Any) -> Event:
    """Return the end of a delayed payment: `outcome` is "succeeded" or "failed"."""
    status = {"succeeded": "paid", "failed": "unpaid"}[outcome]
    content = load("session", payment_status=status, **changes)
    return build_event(f"checkout.session.async_payment_{outcome}", content, at)


def pay(at: int = -1, **changes: Any) -> Event:
    return build_event("payment_intent.succeeded", load("payment_intent", **changes), at)


def cancel(at: int) -> Event:
    content = load("payment_intent", status="canceled", amount_received=0, latest_charge=None)
    return build_event("payment_intent.canceled", content, at)


def refund(refunded: int, at: int = DAY, api_version: str = API_VERSION, **changes: Any) -> Event:
    """Return the event of a refund; `refunded` is what was refunded of the charge in all."""
    charge = load("charge", amount_refunded=refunded, refunded=refunded >= 13200, **changes)
    return build_event("charge.refunded", charge, at, api_version=api_version)


def change_refund(status: str, at: int, topic: str = "refund.failed", **changes: Any) -> Event:
    return build_event(topic, load("refund", status=status, **changes), at)


def dispute(status: str, at: int = 10 * DAY, topic: str = "charge.dispute.closed", **changes: Any) -> Event:
    return build_event(topic, load("dispute", status=status, **changes), at)


def make_connection(**fields: Any) -> Connection:
    """Return an unsaved connection whose orders are completed when they are paid."""
    defaults = {"name": "Stripe", "prefix": "st", "created_at": NOW, "completion": Completion.PAID}
    connection = Connection(platform=Platform.STRIPE, **{**defaults, **fields})
    secrets.set_secret(connection, SECRET)
    return connection


def sign(body: bytes, at: datetime = NOW, secret: str = SECRET) -> str:
    """Return a header Stripe-Signature."""
    seconds = int(at.timestamp())
    signature = hmac.new(secret.encode(), b"%d.%b" % (seconds, body), hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signature}"


def build_delivery(event: object, at: datetime = NOW, header: str | None = None) -> Delivery:
    body = event if isinstance(event, bytes) else json.dumps(event, indent=2).encode()
    return Delivery({"stripe-signature": sign(body, at) if header is None else header}, body, at)


def format_time(at: int) -> str:
    """Return the moment `at` seconds after the checkout was completed, as snapshots have it."""
    return datetime.fromtimestamp(START + at, UTC).isoformat().replace("+00:00", "Z")
