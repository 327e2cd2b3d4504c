"""WooCommerce's REST API, version 3, with a read-only key (specification 11)."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.http_client import AnswerTooLong, RequestFailed
from shops.connectors.base import Product, StoredEvent, format_version
from shops.connectors.parts import Part
from shops.connectors.shop_api import ChangedOrder, FetchedOrder, ShopApi
from shops.connectors.woocommerce.events import API_TOPIC, read_order, read_product_object
from shops.connectors.woocommerce.fields import read_id, read_objects, read_optional_id
from shops.connectors.woocommerce.refunds import REFUND_PART, read_refund

PATH = "wp-json/wc/v3"
PAGE = 100
_KEY = re.compile(r"\s*(ck_[A-Za-z0-9]{1,100})[\s:,]+(cs_[A-Za-z0-9]{1,100})\s*", re.ASCII)


class WooCommerceApi(ShopApi):
    """The API of a shop at its home address; `key` is the consumer key and the consumer secret."""

    def __init__(self, url: str, key: str, click_id_key: str) -> None:
        super().__init__(f"{url.split('/wp-json', maxsplit=1)[0].rstrip('/')}/{PATH}", auth=split_key(key))
        self.click_id_key = click_id_key

    def fetch_order(self, order_key: str, *, now: datetime) -> FetchedOrder:
        order = self.get_json(f"orders/{order_key}")
        read = read_order(StoredEvent(API_TOPIC, "", now, order), self.click_id_key)
        refunds = self._list(f"orders/{order_key}/refunds", {}) if order.get("refunds") else []
        parts = [
            Part(f"{REFUND_PART}{read_id(refund.get('id'), 'id')}", format_version(now), read_refund(refund))
            for refund in refunds
        ]
        products = {read_optional_id(line.get("product_id")) for _path, line in read_objects(order, "line_items")}
        return FetchedOrder([*read.parts, *parts], products)

    def fetch_products(self, product_keys: Collection[str], *, now: datetime) -> Sequence[Product]:
        keys = sorted(product_keys)
        found: list[Product] = []
        for start in range(0, len(keys), PAGE):
            params = {"include": ",".join(keys[start : start + PAGE]), "status": "any"}
            found += [read_product_object(product, format_version(now)) for product in self._list("products", params)]
        return found

    def list_changed(self, since: datetime) -> Iterator[ChangedOrder]:
        """Return the orders that have changed: first those that exist, then those in the trash."""
        after = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        for status in ("any", "trash"):
            params = {"modified_after": after, "dates_are_gmt": "true", "status": status}
            for order in self._list("orders", params):
                topic = "order.updated" if status == "trash" else API_TOPIC
                yield ChangedOrder(read_optional_id(order.get("id")), topic, order)

    def _list(self, path: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Return all objects of a list, by id: one that is added meanwhile moves none to where was read before."""
        offset, size = 0, PAGE
        while True:
            paging = {"per_page": str(size), "offset": str(offset), "orderby": "id", "order": "asc"}
            try:
                found = self.get_json(path, {**params, **paging})
            except AnswerTooLong:
                if size == 1:
                    raise
                size //= 2
                continue
            if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
                raise RequestFailed("the answer is no list of objects")
            yield from found
            offset += len(found)
            if len(found) < size:
                return


def split_key(key: str) -> tuple[str, str]:
    """Return consumer key and consumer secret. Raises ValidationError."""
    match = _KEY.fullmatch(key)
    if not match:
        message = _("Enter the consumer key and the consumer secret with a colon between them: ck_...:cs_...")
        raise ValidationError({"api_key": message})
    return match[1], match[2]
