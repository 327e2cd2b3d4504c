"""Rotation of PAYOUT_DETAILS_KEYS: what each key has encrypted, and encrypting it again with the newest one."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from typing import NamedTuple

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db.models import Model, Q

from lib.keyset import iterate_by_key
from lib.triggers import allow_redaction
from payouts.models import PayoutDetails, PayoutFile, Upload
from payouts.payout_details import encryption
from shops.models import Connection, OrderFile, ShopEvent

# Files may have 10 MiB each.
ROWS_AT_ONCE = 20


class Column(NamedTuple):
    """A column with encrypted content. `is_final` if only redaction may change it."""

    model: type[Model]
    field: str
    is_final: bool = False


COLUMNS = (
    Column(PayoutDetails, "encrypted"),
    Column(PayoutFile, "encrypted", is_final=True),
    Column(Upload, "content"),
    Column(Connection, "secret"),
    Column(Connection, "previous_secret"),
    Column(Connection, "api_key"),
    Column(OrderFile, "content"),
    Column(ShopEvent, "body"),
)


class KeyUse(NamedTuple):
    """How many values a key has encrypted, and when the first of them was encrypted."""

    values: int
    since: datetime | None


class Reencryption(NamedTuple):
    """`unreadable` names the values that no key fits; they are left as they are."""

    changed: int
    unreadable: list[str]


def count_uses() -> tuple[list[KeyUse], int]:
    """Return the use of each of PAYOUT_DETAILS_KEYS, in their order, and the number of values that none of them fits."""
    uses = [KeyUse(0, None) for _key in settings.PAYOUT_DETAILS_KEYS]
    unreadable = 0
    for _column, _key, value in _iterate_values():
        content = _to_bytes(value)
        try:
            position = encryption.find_key(content)
        except InvalidToken:
            unreadable += 1
            continue
        values, since = uses[position]
        time = encryption.read_time(content)
        uses[position] = KeyUse(values + 1, min(since or time, time))
    return uses, unreadable


def reencrypt_all() -> Reencryption:
    """Encrypt every value that an older key has encrypted with the newest key.

    Values are changed one by one, and only if they are still what was read. A run that is killed has lost nothing, and
    the next one continues it.
    """
    changed, unreadable = 0, []
    for column, key, value in _iterate_values():
        content = _to_bytes(value)
        try:
            if encryption.find_key(content) == 0:
                continue
        except InvalidToken:
            unreadable.append(f"{column.model._meta.label} {key}: {column.field}")
            continue
        changed += _replace(column, key, value, encryption.reencrypt(content))
    return Reencryption(changed, unreadable)


def _replace(column: Column, key: object, before: str | bytes | memoryview, after: bytes) -> int:
    new = after.decode("ascii") if isinstance(before, str) else after
    rows = column.model._base_manager.filter(**{"pk": key, column.field: before})
    with allow_redaction() if column.is_final else nullcontext():
        return rows.update(**{column.field: new})


def _iterate_values() -> Iterator[tuple[Column, object, str | bytes | memoryview]]:
    for column in COLUMNS:
        empty = Q(**{f"{column.field}__isnull": True}) | Q(**{column.field: "" if _is_text(column) else b""})
        rows = column.model._base_manager.exclude(empty).values_list("pk", column.field)
        for key, value in iterate_by_key(rows, size=ROWS_AT_ONCE):
            yield column, key, value


def _is_text(column: Column) -> bool:
    return column.model._meta.get_field(column.field).get_internal_type() == "TextField"


def _to_bytes(value: str | bytes | memoryview) -> bytes:
    return value.encode("ascii") if isinstance(value, str) else bytes(value)
