"""Shopify's Admin API with the permission to read orders and products (specification 11).

Orders are read with REST, whose orders are those of the webhooks; products with GraphQL, because REST no longer has all.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.http_client import Answer, AnswerTooLong, RequestFailed
from shops.connectors.base import Options, OrderParts, Product, StoredEvent
from shops.connectors.shop_api import ChangedOrder, FetchedOrder, ShopApi, read_json
from shops.connectors.shopify.events import read_event
from shops.connectors.shopify.fields import build_version, read_moment, read_object, read_text
from tracking.orders.snapshot_fields import Rejected

VERSION = "2026-10"
TOPIC = "orders/updated"
# GraphQL answers no query that may return more than 1,000 objects.
PAGE, PRODUCTS, COLLECTIONS = 250, 20, 45
_TOKEN = re.compile(r"shp(at|ca|pa)_[A-Za-z0-9]{1,200}", re.ASCII)
_APP = re.compile(r"([A-Za-z0-9]{16,100})[\s:,]+((?:shpss_)?[A-Za-z0-9]{16,200})", re.ASCII)
_HOST = re.compile(r"https://[a-z0-9][a-z0-9-]{0,98}\.myshopify\.com", re.ASCII | re.IGNORECASE)
_NEXT = re.compile(r'<([^<>]{1,4000})>\s*;\s*rel="?next"?', re.ASCII)
_QUERY = f"""
query($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Product {{
      legacyResourceId title productType vendor tags updatedAt
      category {{ name fullName }}
      collections(first: {COLLECTIONS}) {{ nodes {{ title }} }}
    }}
  }}
}}
"""


class ShopifyApi(ShopApi):
    """The API of a shop; `key` is an access token, or the client id and the client secret of an app."""

    def __init__(self, url: str, key: str, options: Options) -> None:
        super().__init__(url)
        self.key, self.options = key.strip(), options

    def fetch_order(self, order_key: str, *, now: datetime) -> FetchedOrder:
        answer = self._get(f"orders/{order_key}.json", {})
        order = _read(answer).get("order")
        read = read_event(StoredEvent(TOPIC, "", now, order), self.options)
        if not isinstance(read, OrderParts) or not isinstance(order, dict):
            raise RequestFailed("the answer is no order")
        ids = (line.get("product_id") for line in order["line_items"])
        return FetchedOrder(read.parts, {str(one) for one in ids if one is not None})

    def fetch_products(self, product_keys: Collection[str], *, now: datetime) -> Sequence[Product]:
        keys = sorted(product_keys)
        found: list[Product] = []
        for start in range(0, len(keys), PRODUCTS):
            ids = [f"gid://shopify/Product/{key}" for key in keys[start : start + PRODUCTS]]
            body = {"query": _QUERY, "variables": {"ids": ids}}
            answer = self.client.post(self._build_url("graphql.json"), body, self._build_headers())
            found += [_read_product(node, now) for node in _read_nodes(_read(answer)) if node]
        return found

    def list_changed(self, since: datetime) -> Iterator[ChangedOrder]:
        """Return the orders that have changed; deleted ones are not listed."""
        at_least = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        params = {"status": "any", "updated_at_min": at_least}
        size = PAGE
        while True:
            try:
                answer = self._get("orders.json", {**params, "limit": str(size)})
            except AnswerTooLong:
                if size == 1:
                    raise
                size //= 2
                continue
            orders = _read(answer).get("orders")
            if not isinstance(orders, list) or not all(isinstance(one, dict) for one in orders):
                raise RequestFailed("the answer is no list of orders")
            for order in orders:
                yield ChangedOrder(str(order.get("id")), TOPIC, order)
            page = _find_next_page(answer)
            if not page:
                return
            params = {"page_info": page}

    def _get(self, path: str, params: Mapping[str, str]) -> Answer:
        return self.client.get(self._build_url(path), params, self._build_headers())

    def _build_url(self, path: str) -> str:
        return f"{self.url}/admin/api/{VERSION}/{path}"

    def _build_headers(self) -> dict[str, str]:
        """Return the headers with the access token, which an app's credentials are exchanged for once."""
        if "X-Shopify-Access-Token" not in self.headers:
            self.headers["X-Shopify-Access-Token"] = self.key if _TOKEN.fullmatch(self.key) else self._request_token()
        return self.headers

    def _request_token(self) -> str:
        app = _APP.fullmatch(self.key)
        if not app:
            raise RequestFailed("the key is neither an access token nor a client id with its secret", 401)
        grant = {"grant_type": "client_credentials", "client_id": app[1], "client_secret": app[2]}
        try:
            answer = self.client.post_form(f"{self.url}/admin/oauth/access_token", grant, self.headers)
        except RequestFailed as error:
            if error.status == 400:
                message = "the client id or secret is wrong, or the app is not installed in the shop (400)"
                raise RequestFailed(message, 401) from None
            raise
        token = _read(answer).get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise RequestFailed("the answer has no access token")
        return token


def _read(answer: Answer) -> Mapping[str, Any]:
    content = read_json(answer.body)
    if not isinstance(content, dict):
        raise RequestFailed("the answer is no object")
    return content


def _read_nodes(content: Mapping[str, Any]) -> list[Any]:
    """Return the nodes of an answer of GraphQL, whose errors have the status 200."""
    data = content.get("data")
    nodes = data.get("nodes") if isinstance(data, dict) else None
    if not isinstance(nodes, list) or content.get("errors"):
        errors = content.get("errors")
        is_denied = "ACCESS_DENIED" in str(errors)
        message = "the key may not read products" if is_denied else "the answer has no products"
        raise RequestFailed(message, 403 if is_denied else 0)
    return nodes


def _read_product(node: Any, now: datetime) -> Product:
    """Return a product with the same categories as its event has, and its collections, which no event has."""
    product = read_object(node, "nodes")
    category = read_object(product.get("category") or {}, "category")
    tags = product.get("tags")
    names = [
        *(product.get("productType"), category.get("name"), category.get("fullName"), product.get("vendor")),
        *(tags if isinstance(tags, list) else ()),
    ]
    cleaned = [read_text(name, 300) for name in names]
    key = str(product.get("legacyResourceId") or "")
    if not key.isascii() or not key.isdigit():
        raise Rejected("legacyResourceId", "must be a whole number")
    return Product(
        key, read_text(product.get("title"), 300), [name for name in dict.fromkeys(cleaned) if name],
        build_version(read_moment(product, "updatedAt") or now, ""), _read_collections(product),
    )  # fmt: skip


def _read_collections(product: Mapping[str, Any]) -> list[str]:
    nodes = read_object(product.get("collections") or {}, "collections").get("nodes")
    titles = [read_text(read_object(one, "collections.nodes").get("title"), 300) for one in nodes or ()]
    return [title for title in dict.fromkeys(titles) if title]


def _find_next_page(answer: Answer) -> str:
    """Return the `page_info` of the next page, "" if there is none. The address itself is not followed."""
    match = _NEXT.search(answer.headers.get("Link", ""))
    return parse_qs(urlsplit(match[1]).query).get("page_info", [""])[0] if match else ""


def check_address_and_key(url: str, key: str) -> None:
    """Raise ValidationError unless they can be those of a shop."""
    if not _HOST.fullmatch(url.rstrip("/")):
        message = _("Enter the address of the shop at Shopify, such as https://your-shop.myshopify.com.")
        raise ValidationError({"api_url": message})
    if not _TOKEN.fullmatch(key) and not _APP.fullmatch(key):
        message = _(
            "Enter the client id and the client secret of the app with a colon between them, or an access token."
        )
        raise ValidationError({"api_key": message})
