"""The Admin API of the invented shop, played by a local server."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shops.connectors import secrets
from shops.models import Connection, Platform
from tests.local_server import Reply, serve
from tests.shops.connectors.shopify.payloads import RECEIVED, SECRET

# Invented, as are the credentials of the app.
TOKEN = "shpat_" + "0" * 32
APP = ("c" * 32, "shpss_" + "5" * 32)
ROOT = "/admin/api/2026-10/"
# At most this many orders on a page, so that a test needs few to have two.
PAGE = 2
PRODUCT = {
    "legacyResourceId": "901",
    "title": "Linen shirt",
    "productType": "Shirts",
    "vendor": "Field & Loom",
    "tags": ["linen", "Summer 2026"],
    "updatedAt": "2026-01-02T12:00:00Z",
    "category": {
        "name": "Shirts & Tops",
        "fullName": "Apparel & Accessories > Clothing > Clothing Tops > Shirts & Tops",
    },
    "collections": {"nodes": [{"title": "Linen edit"}, {"title": "Sale"}]},
}


@dataclass
class ApiShop:
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, Any] = field(default_factory=lambda: {"901": PRODUCT})
    # Answered to everything instead, once each.
    failures: list[Reply] = field(default_factory=list)
    token: str = TOKEN

    def answer(self, path: str) -> Reply:
        if self.failures:
            return self.failures.pop(0)
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = parts.path.removeprefix(ROOT)
        if name == "orders.json":
            return self._list_orders(query)
        found = self.orders.get(name.removeprefix("orders/").removesuffix(".json"))
        return encode({"order": found}) if found else encode({"errors": "Not Found"}, 404)

    def _list_orders(self, query: dict[str, str]) -> Reply:
        if "page_info" in query:
            # Shopify refuses any other filter beside it.
            assert query.keys() == {"page_info", "limit"}
            start, since = query["page_info"].split("|")
        else:
            assert query["status"] == "any"
            start, since = "0", query["updated_at_min"]
        found = [one for one in self.orders.values() if one["updated_at"] >= since][int(start) :]
        headers = {}
        if len(found) > PAGE:
            following = f"http://elsewhere.example{ROOT}orders.json?limit=250&page_info={int(start) + PAGE}%7C{since}"
            headers = {"Link": f'<http://elsewhere.example/first>; rel="previous", <{following}>; rel="next"'}
        reply = encode({"orders": found[:PAGE]})
        reply.headers = headers
        return reply

    def answer_post(self, path: str, body: bytes) -> Reply:
        if self.failures:
            return self.failures.pop(0)
        if path == "/admin/oauth/access_token":
            sent = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            expected = {"grant_type": "client_credentials", "client_id": APP[0], "client_secret": APP[1]}
            answer = {"access_token": self.token, "scope": "read_orders,read_products", "expires_in": 86399}
            return encode(answer) if sent == expected else encode({"error": "invalid_client"}, 400)
        assert path == f"{ROOT}graphql.json"
        ids = [name.removeprefix("gid://shopify/Product/") for name in json.loads(body)["variables"]["ids"]]
        return encode({"data": {"nodes": [self.products.get(name) for name in ids]}})

    @contextmanager
    def serve(self):
        with serve(self.answer, self.answer_post) as server:
            yield server


def encode(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), status)


def make_connection(url: str, key: str = TOKEN) -> Connection:
    made = Connection(platform=Platform.SHOPIFY, name="shop", prefix="shop", created_at=RECEIVED, api_url=url)
    secrets.set_secret(made, SECRET)
    secrets.set_api_key(made, key)
    made.save()
    return made
