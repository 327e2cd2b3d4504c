"""Stripe's API for the invented account, played by a local server."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.local_server import Reply, serve
from tests.shops.connectors.stripe.payloads import load

KEY = "rk_live_" + "exampleOfARestrictedKey"
# At most this many objects on a page, so that a test needs few to have two.
PAGE = 2


def build_item(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a line item of 60.00 with 10.00 of tax, of a product with a category."""
    product = {"id": f"prod_{number}", "object": "product", "name": f"Lamp {number}", "metadata": {"category": "Lamps"}}
    item = {
        "id": f"li_{number}",
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": 5000,
        "amount_tax": 1000,
        "amount_total": 6000,
        "currency": "usd",
        "description": f"Lamp no. {number}",
        "metadata": {},
        "price": {"id": f"price_{number}", "object": "price", "product": product, "unit_amount": 5000},
        "quantity": number,
    }
    return item | changes


@dataclass
class ApiAccount:
    sessions: list[dict[str, Any]] = field(default_factory=lambda: [load("session")])
    items: list[dict[str, Any]] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    # The newest first, as Stripe lists them.
    events: list[dict[str, Any]] = field(default_factory=list)
    # Answered to everything instead, once each.
    failures: list[Reply] = field(default_factory=list)

    def answer(self, path: str) -> Reply:
        if self.failures:
            return self.failures.pop(0)
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        steps = parts.path.removeprefix("/v1/").split("/")
        match steps:
            case ["checkout", "sessions"]:
                return list_page(
                    [one for one in self.sessions if one["payment_intent"] == query["payment_intent"]], query
                )
            case ["checkout", "sessions", name, "line_items"]:
                assert name == load("session")["id"]
                assert query["expand[0]"] == "data.price.product"
                return list_page(self.items, query)
            case ["promotion_codes", name] if name in self.codes:
                return encode({"id": name, "object": "promotion_code", "code": self.codes[name]})
            case ["events"]:
                types = {value for name, value in query.items() if name.startswith("types[")}
                found = [one for one in self.events if one["created"] >= int(query["created[gte]"])]
                return list_page([one for one in found if one["type"] in types], query)
        return Reply(b'{"error": {"type": "invalid_request_error"}}', 404)

    @contextmanager
    def serve(self):
        with serve(self.answer) as server:
            yield server


def list_page(objects: list[dict[str, Any]], query: dict[str, str]) -> Reply:
    assert query["limit"] == "100"
    ids = [one["id"] for one in objects]
    start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
    page = objects[start : start + PAGE]
    return encode({"object": "list", "data": page, "has_more": start + PAGE < len(objects)})


def encode(content: Any) -> Reply:
    return Reply(json.dumps(content).encode())
