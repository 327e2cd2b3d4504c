"""The options of a generic connection: paths, what amounts mean, and the words for statuses (specification 11). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from shops.connectors.generic.paths import Each, Path, Steps, get_steps_to_each, parse_path


class Signature(TextChoices):
    STANDARD = "standard", _("Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature)")
    HMAC = "hmac", _("HMAC-SHA256 of the body in one header, hex or base64")


class Amounts(TextChoices):
    """What an amount contains, and by what its tax is removed."""

    NET = "net", _("without tax")
    TAX_RATE = "tax_rate", _("with tax; “tax” is the rate in percent")
    TAX_AMOUNT = "tax_amount", _("with tax; “tax” is its amount")


class Price(TextChoices):
    LINE = "line", _("of the whole line")
    UNIT = "unit", _("of one piece; multiplied by the quantity")


class Unit(TextChoices):
    MAJOR = "major", _("as people write them, such as 15.30")
    MINOR = "minor", _("in cents, such as 1530")


class Status(TextChoices):
    UNPAID = "unpaid", _("not paid yet")
    PAID = "paid", _("paid")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDED = "refunded", _("wholly refunded")
    IGNORED = "ignored", _("ignore the event")


# Paths of the format that docs/generic-shop.md recommends to shops that can choose their own.
DEFAULT_PATHS: Mapping[str, str] = {
    "topic": "type",
    "test": "",
    "order_id": "data.id",
    "updated_at": "data.updated_at",
    "placed_at": "data.placed_at",
    "paid_at": "data.paid_at",
    "completed_at": "data.completed_at",
    "status": "data.status",
    "cancelled": "",
    "currency": "data.currency",
    "click_id": "data.click_id",
    "coupons": "data.coupons[]",
    "customer_ref": "data.customer.id",
    "customer_country": "data.customer.country",
    "lines": "data.lines[]",
    "line_id": "data.lines[].id",
    "product_key": "data.lines[].product_id",
    "sku": "data.lines[].sku",
    "title": "data.lines[].title",
    "category": "data.lines[].categories[]",
    "quantity": "data.lines[].quantity",
    "amount": "data.lines[].amount",
    "tax": "",
    "discount": "",
    "refunded": "data.lines[].refunded",
    "refunded_quantity": "",
    "total": "",
}
REQUIRED_PATHS = ("order_id", "placed_at", "currency", "lines", "amount")
DEFAULT_STATUSES: Mapping[str, str] = {
    "pending": Status.UNPAID,
    "paid": Status.PAID,
    "completed": Status.COMPLETED,
    "cancelled": Status.CANCELLED,
    "refunded": Status.REFUNDED,
}
DEFAULTS: Mapping[str, Any] = {
    "signature": Signature.STANDARD.value,
    "signature_header": "X-Signature",
    "time_zone": "UTC",
    "topics": [],
    "amounts": Amounts.NET.value,
    "price": Price.LINE.value,
    "unit": Unit.MAJOR.value,
    "paths": dict(DEFAULT_PATHS),
    "statuses": {word: str(status) for word, status in DEFAULT_STATUSES.items()},
    # Grows whenever staff change the options, so that events read again replace what they said before.
    "revision": 0,
}
MAX_REVISION = 99_999
# What a line or the order may have, by where its path leads.
SUMS = ("tax", "discount", "refunded")


@dataclass(frozen=True)
class GenericOptions:
    """The options with defaults for those that are missing."""

    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, DEFAULTS[name])

    def get_path(self, field: str) -> Path | None:
        """Return the path of a field, None if the shop does not send it."""
        text = self.get_path_text(field)
        return parse_path(text) if text else None

    def get_path_text(self, field: str) -> str:
        return str(self["paths"].get(field, DEFAULT_PATHS[field])).strip()

    @cached_property
    def line_steps(self) -> Steps:
        """The steps to the elements that are the order's lines."""
        path = self.get_path("lines")
        return get_steps_to_each(path) if path else (Each(),)

    def list_sums(self, *, of_line: bool) -> list[str]:
        """Return which of `SUMS` each line has, or the order as a whole."""
        return [name for name in SUMS if self._is_of_line(name) is of_line]

    def _is_of_line(self, field: str) -> bool:
        path = self.get_path(field)
        is_rate = field == "tax" and self["amounts"] == Amounts.TAX_RATE
        return is_rate or (path is not None and path.is_within(self.line_steps))
