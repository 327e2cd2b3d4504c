"""What a platform's API has to provide: orders, products and what has changed, with read-only keys (specification 11).

Never called inside a transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError

from lib.http_client import HttpClient, RequestFailed, check_url
from shops.connectors.base import Product
from shops.connectors.event_bodies import parse_body
from shops.connectors.parts import Part
from tracking.orders.snapshot_fields import Rejected


@dataclass(frozen=True, slots=True)
class FetchedOrder:
    """What the API says about an order, and the products of its lines."""

    parts: Sequence[Part]
    product_keys: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that has changed, with the content that an event of the platform has: see `Connector.read_event`.

    If it is stored as an event, its numbers with a fraction become text.
    """

    order_key: str
    topic: str
    content: Any
    triggered_at: str = ""
    # The name of its event, if the platform lists the events themselves: see `EventName`.
    delivery: str = ""


class ShopApi(ABC):
    """A connection's API. All methods raise RequestFailed if there is no usable answer."""

    def __init__(
        self, url: str, *, auth: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Accept": "application/json", **(headers or {})}
        self.client = HttpClient(auth=auth, allow_loopback=settings.SHOP_API_LOOPBACK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.__exit__(kind, error, trace)

    @abstractmethod
    def fetch_order(self, order_key: str, *, now: datetime) -> FetchedOrder:
        """Return what makes an order complete, such as the lines of its refunds."""

    @abstractmethod
    def fetch_products(self, product_keys: Collection[str], *, now: datetime) -> Sequence[Product]:
        """Return the products that the shop knows of these."""

    @abstractmethod
    def list_changed(self, since: datetime) -> Iterator[ChangedOrder]:
        """Return the orders that have changed since a moment, also those that have done so in the trash."""

    def get_json(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the JSON at a path of the API, its numbers with a fraction as Decimal."""
        answer = self.client.get(f"{self.url}/{path}", params, self.headers)
        return read_json(answer.body)


def read_json(body: bytes) -> Any:
    """Return the JSON of an answer. Raises RequestFailed."""
    try:
        return parse_body(body)
    except Rejected as refusal:
        raise RequestFailed(f"the answer {refusal.message}") from None


def check_api_url(url: str) -> None:
    """Raise ValidationError for `api_url` if the address can't be that of a shop's API."""
    try:
        check_url(url, allow_loopback=settings.SHOP_API_LOOPBACK)
    except RequestFailed as error:
        raise ValidationError({"api_url": f"{str(error).capitalize()}."}) from None
