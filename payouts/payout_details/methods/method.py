"""What every way to pay offers."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol


class Money(NamedTuple):
    amount: Decimal
    currency: str


class Transfer(NamedTuple):
    """One payout as its file carries it; `account` is in clear and goes nowhere but into the file."""

    reference: str
    holder: str
    account: str
    country: str
    money: Money
    note: str


class Sender(NamedTuple):
    """Who pays, from which account, under which message id and as of when; all fixed when the batch was approved, so
    that a repeated export is the same file."""

    name: str
    account: str
    message_id: str
    at: datetime


class Method(Protocol):
    suffix: str
    media_type: str

    def normalize(self, account: str) -> str:
        """The one spelling of `account` that is stored; ValidationError (field `account`) for one that cannot be."""

    def mask(self, account: str) -> str:
        """What may be shown of a normalised `account`."""

    def get_currency_error(self, currency: str) -> str:
        """Why a program in `currency` cannot be paid this way; "" where it can."""

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        """The file that the provider or bank takes; the same bytes for the same arguments."""


def is_printable(text: str, least: int, most: int) -> bool:
    """Whether `text` has `least` to `most` characters, all of them printable."""
    return least <= len(text) <= most and text.isprintable()
