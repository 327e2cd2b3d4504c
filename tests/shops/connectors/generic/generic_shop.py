"""A shop of the generic kind for tests: orders in the recommended format, signed by Standard Webhooks."""

import json
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import uuid4

from standardwebhooks import Webhook

from shops.connectors import secrets
from shops.connectors.base import Delivery
from shops.connectors.generic.options import DEFAULTS
from shops.models import Connection, Platform
from tests.scenarios import NOW

SECRET = "whsec_c2l4dGVlbiBieXRlcyBhdCBsZWFzdA=="
BASE = {
    "id": 7,
    "updated_at": "2026-01-12T12:00:00Z",
    "placed_at": "2026-01-12T12:00:00Z",
    "status": "paid",
    "currency": "USD",
}


def build_event(order: dict[str, Any]) -> dict[str, Any]:
    return {"type": "order.updated", "data": BASE | order}


def build_options(**changes: Any) -> dict[str, Any]:
    options = deepcopy(dict(DEFAULTS)) | {key: value for key, value in changes.items() if key != "paths"}
    options["paths"] |= changes.get("paths", {})
    return options


def build_connection(name: str = "any shop", prefix: str = "any", **options: Any) -> Connection:
    """Return an unsaved connection."""
    connection = Connection(platform=Platform.GENERIC, name=name, prefix=prefix, created_at=NOW)
    secrets.set_secret(connection, SECRET)
    connection.options = build_options(**options)
    return connection


def build_delivery(content: object, *, at: datetime = NOW, identifier: str = "", secret: str = SECRET) -> Delivery:
    """Return a delivery signed by the library of Standard Webhooks."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    identifier = identifier or f"msg_{uuid4().hex}"
    headers = {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(identifier, at, body.decode()),
    }
    return Delivery(headers, body, at)
