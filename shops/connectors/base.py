"""What a connector of a platform has to provide, and the types that it exchanges with the inbox (specification 11)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from shops.connectors.parts import Part, State
from shops.models import Completion, Connection, Platform

if TYPE_CHECKING:
    from shops.connectors.shop_api import ShopApi

# `Connection.options`.
Options = Mapping[str, Any]


class InvalidSignature(Exception):
    """The delivery is not signed with a secret of the connection. The text says what is wrong."""


class Ignored(Exception):
    """The event or order is of no use here. The text says why, such as "a test order"."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request to a webhook address. Names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class EventName:
    """How the platform names an event: `delivery` is equal for repeated deliveries, `triggered_at` may be ""."""

    delivery: str
    topic: str
    triggered_at: str = ""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event from the inbox. `content` is its parsed JSON with numbers as Decimal or int."""

    topic: str
    triggered_at: str
    received_at: datetime
    content: Any

    @property
    def arrival_version(self) -> str:
        return format_version(self.received_at)


@dataclass(frozen=True, slots=True)
class Product:
    """What an event says about a product: the names of its categories, tags and types.

    `collections` are further names that only the shop's API has; None if this was not read from it.
    """

    product_key: str
    title: str
    categories: Sequence[str]
    version: str
    collections: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class OrderParts:
    """What an event says about one order of the shop.

    A customer in a part's data has the key `customer_ref`, as text; only its keyed hash is stored.
    """

    order_key: str
    parts: Sequence[Part]


@dataclass(slots=True)
class BuiltOrder:
    """An order made of its state: a snapshot without `order_id` and `updated_at`, as specification 4 describes it.

    Each line has `shop_categories`, a list of names, and `product_key`; its `category` is that of the connection, which
    it gets if no mapping names another, or "". `changed_at` is the
    platform's moment of the newest change. `due_at` is when the same state makes another snapshot. `notes` are sentences
    for staff about what is approximate without the shop's API, `is_incomplete` says that the API could complete it.
    """

    row: dict[str, Any]
    changed_at: datetime
    due_at: datetime | None = None
    notes: list[str] = field(default_factory=list)
    is_incomplete: bool = False


class Connector(ABC):
    """A platform. Everything about it is in its package; adding one adds a line to `registry`."""

    platform: ClassVar[Platform]
    default_completion: ClassVar[Completion] = Completion.FULFILLED
    # Whether the shop's API is read if staff enter a key.
    has_api: ClassVar[bool] = False
    # Whether the API has categories of products that their events lack.
    has_collections: ClassVar[bool] = False
    # The address of the API, if it is the same for all shops.
    api_url: ClassVar[str] = ""
    # Which key staff enter, and what is read with it.
    api_advice: ClassVar[str | Promise] = ""
    # Default values of `Connection.options`.
    default_options: ClassVar[Options] = {}
    # A form with a field for each option; without one, staff get a plain field for each of `default_options`.
    options_form: ClassVar[type[forms.Form] | None] = None

    def check_secret(self, secret: str) -> None:
        """Raise ValidationError if no such secret can be right."""
        if not secret.strip():
            raise ValidationError({"secret": _("Enter the secret with which the shop signs its events.")})

    def get_ping_answer(self, delivery: Delivery) -> str | None:
        """Return the answer to an unsigned test request of the platform, or None if it is none."""
        return None

    def check_api(self, url: str, key: str) -> None:
        """Raise ValidationError for `api_url` or `api_key` if the shop's API can't have such an address or key."""
        raise ValidationError({"api_key": _("This platform needs no API key.")})

    def open_api(self, connection: Connection) -> "ShopApi | None":
        """Return the shop's API; None without an API key, or if the platform needs none."""
        return None

    @abstractmethod
    def check_signature(self, delivery: Delivery, secrets: Sequence[str], options: Options) -> None:
        """Raise InvalidSignature unless one of the secrets signed the raw body. Compares in constant time."""

    @abstractmethod
    def name_event(self, delivery: Delivery, options: Options) -> EventName:
        """Return the name of a signed delivery, without parsing more of the body than needed. Raises nothing."""

    @abstractmethod
    def read_event(self, event: StoredEvent, options: Options) -> OrderParts | Product:
        """Return what the event says. Raises Ignored, or Rejected with the field and the cause."""

    @abstractmethod
    def build_order(self, state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
        """Return the order of a state. Raises Ignored if there is none yet, Rejected if a field is unusable.

        `was_sent` says whether a snapshot of the order exists: one that is cancelled before that is ignored.
        """


def format_version(moment: datetime) -> str:
    """Return a moment as text that sorts by time: UTC, with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
