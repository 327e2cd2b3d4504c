"""Stripe's API with a restricted key: line items, promotion codes and missed events (specification 11)."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.http_client import RequestFailed
from shops.connectors.base import Options, Product, format_version
from shops.connectors.parts import Part
from shops.connectors.shop_api import ChangedOrder, FetchedOrder, ShopApi
from shops.connectors.stripe.events import CODES_PART, TOPICS
from shops.connectors.stripe.fields import read_id, read_object, read_text
from shops.connectors.stripe.lines import ITEMS_PART, read_item

URL = "https://api.stripe.com"
# Of which the answers are known. Events have the version of their account, whatever is sent here.
API_VERSION = "2026-06-24.dahlia"
PAGE = 100
# An id is part of a path.
_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_KEY = re.compile(r"rk_live_[A-Za-z0-9_]{1,250}", re.ASCII)


class StripeApi(ShopApi):
    def __init__(self, url: str, key: str, options: Options) -> None:
        super().__init__(f"{url.rstrip('/')}/v1", auth=(key, ""), headers={"Stripe-Version": API_VERSION})
        self.options = options

    def fetch_order(self, order_key: str, *, now: datetime) -> FetchedOrder:
        """Return the line items of the payment's checkout, and the codes of its promotion codes."""
        session = next(self._list("checkout/sessions", {"payment_intent": order_key}), None)
        name = read_text(session, "session", "id") if session else ""
        if session is None or not _ID.fullmatch(name):
            raise RequestFailed("Stripe knows no checkout of the payment", 404)
        expanded = {"expand[0]": "data.price.product"}
        found = self._list(f"checkout/sessions/{name}/line_items", expanded)
        items = [read_item(item, f"data[{i}]", self.options) for i, item in enumerate(found)]
        parts = [Part(ITEMS_PART, format_version(now), items)]
        if codes := self._fetch_codes(session):
            data = {"ids": list(codes), "coupons": list(codes.values())}
            parts.append(Part(CODES_PART, format_version(now), data))
        return FetchedOrder(parts)

    def _fetch_codes(self, session: Mapping[str, Any]) -> dict[str, str]:
        """Return the codes that the customer entered, by their ids."""
        discounts = session.get("discounts") or []
        ids = [read_id(read_object(one, "discounts"), "discounts", "promotion_code") for one in discounts]
        codes = {}
        for name in ids:
            if _ID.fullmatch(name):
                answer = self.get_json(f"promotion_codes/{name}")
                codes[name] = read_text(read_object(answer, "promotion_code"), "promotion_code", "code")
        return codes

    def fetch_products(self, product_keys: Collection[str], *, now: datetime) -> Sequence[Product]:
        """Return nothing: line items name the categories of their products."""
        return []

    def list_changed(self, since: datetime) -> Iterator[ChangedOrder]:
        """Return the events since a moment, the newest first; Stripe keeps them for 30 days."""
        params = {f"types[{i}]": topic for i, topic in enumerate(TOPICS)}
        for event in self._list("events", {**params, "created[gte]": str(int(since.timestamp()))}):
            name, topic = read_text(event, "event", "id"), read_text(event, "event", "type")
            yield ChangedOrder(name, topic, event, delivery=name)

    def _list(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Return all objects of a list, page by page."""
        paging = {"limit": str(PAGE)}
        while True:
            answer = self.get_json(path, {**params, **paging})
            found = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise RequestFailed("the answer is no list of objects")
            yield from found
            last = found[-1].get("id") if found else None
            if not answer.get("has_more") or not isinstance(last, str):
                return
            paging["starting_after"] = last


def check_key(key: str) -> None:
    """Raise ValidationError unless it can be a restricted key of live mode."""
    if key.startswith(("sk_", "pk_", "whsec_")):
        message = _("This is not a restricted key. Create one that can only read; it begins with rk_live_.")
    elif key.startswith("rk_test_"):
        message = _("This key is of test mode, whose events are ignored. Create one in live mode.")
    elif not _KEY.fullmatch(key):
        message = _("Enter a restricted key of Stripe, which begins with rk_live_.")
    else:
        return
    raise ValidationError({"api_key": message})
