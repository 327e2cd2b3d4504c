"""The interface of a payout method."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from django.utils.functional import Promise

from lib.text import JOINERS

REDACTED = "erased"


class Money(NamedTuple):
    amount: Decimal
    currency: str


class Account(NamedTuple):
    """Where a payout goes, in clear: an e-mail address, an IBAN, or the account number, bank code and country."""

    account: str
    bank_code: str = ""
    country: str = ""

    def join(self) -> str:
        """Return all parts as one text, the account first, without empty parts at the end."""
        return "\n".join(self).rstrip("\n")

    @classmethod
    def split(cls, text: str) -> "Account":
        """Return the account that `join` made one text."""
        return cls(*text.split("\n"))


class Transfer(NamedTuple):
    """One payout as a row of a payout file; `account` is in clear and must not leave the file."""

    reference: str
    holder: str
    account: Account
    money: Money
    note: str


class Sender(NamedTuple):
    """The payer of a payout file."""

    name: str
    account: str
    message_id: str
    at: datetime


class Method(Protocol):
    suffix: str
    media_type: str
    # More payouts are split over several files.
    max_transfers: int
    # What is in the file, for staff who open it.
    layout: str | Promise

    def normalize(self, account: Account) -> Account:
        """Return `account` as it is stored, without parts that this method does not use.

        Raises ValidationError for `account`, `bank_code` or `country` if it is invalid.
        """

    def mask(self, account: Account) -> str:
        """Return the part of a normalized account that may be shown."""

    def identify(self, account: Account) -> str:
        """Return a text that is equal for equal accounts, in every spelling and by every method."""

    def get_currency_error(self, currency: str) -> str:
        """Return why a program in `currency` cannot use this method; "" if it can."""

    def get_holder_error(self, holder: str) -> str:
        """Return why a file cannot name `holder` as the account holder; "" if it can."""

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        """Return the file for the bank or provider; equal arguments give equal bytes."""

    def redact_file(self, content: bytes, references: Collection[str]) -> bytes:
        """Return a file of `build_file` without the payees of these payouts, but with all amounts and references."""


def is_printable(text: str, min_length: int, max_length: int) -> bool:
    """Return whether `text` has `min_length` to `max_length` characters, all of them printable."""
    return min_length <= len(text) <= max_length and all(
        character.isprintable() or character in JOINERS for character in text
    )
