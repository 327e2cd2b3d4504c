"""The REST API of the invented shop, played by a local server."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shops.connectors import secrets
from shops.models import Connection, Platform
from tests.local_server import Reply, serve
from tests.scenarios import NOW
from tests.shops.connectors.woocommerce.payloads import SECRET, encode

KEY = "ck_a1:cs_b2"


@dataclass
class ApiShop:
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Answered to everything instead, once each.
    failures: list[Reply] = field(default_factory=list)

    def answer(self, path: str) -> Reply:
        if self.failures:
            return self.failures.pop(0)
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = self._find(parts.path.removeprefix("/wp-json/wc/v3/").split("/"), query)
        if found is None:
            return Reply(encode({"code": "not_found", "message": "Invalid ID."}), 404)
        if isinstance(found, list):
            start, size = int(query["offset"]), int(query["per_page"])
            assert size <= 100
            found = found[start : start + size]
        return Reply(encode(found))

    def _find(self, steps: list[str], query: dict[str, str]) -> Any:
        match steps:
            case ["orders"]:
                return [order for order in self.orders.values() if self._matches(order, query)]
            case ["orders", key]:
                return self.orders.get(key)
            case ["orders", key, "refunds"]:
                return self.refunds.get(key, [])
            case ["products"]:
                return [self.products[key] for key in query["include"].split(",") if key in self.products]
        return None

    @staticmethod
    def _matches(order: dict[str, Any], query: dict[str, str]) -> bool:
        assert query["dates_are_gmt"] == "true"
        is_trashed = order["status"] == "trash"
        return order["date_modified_gmt"] > query["modified_after"] and is_trashed == (query["status"] == "trash")

    @contextmanager
    def serve(self):
        with serve(self.answer) as server:
            yield server


def make_connection(name: str = "shop", *, url: str = "", **fields: Any) -> Connection:
    """Create a connection, with an API key if the address of the API is given."""
    connection = Connection(
        platform=Platform.WOOCOMMERCE, name=name, prefix=name[:12], created_at=NOW, api_url=url, **fields
    )
    secrets.set_secret(connection, SECRET)
    secrets.set_api_key(connection, KEY if url else "")
    connection.save()
    return connection
