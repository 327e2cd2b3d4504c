"""Orders in: read, taken, attributed and priced in one transaction a batch; what is refused goes to the inbox (CONTRACT 4)."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts.models import ApiKey
from agreements.program_currency import program_currency
from lib.money import ZERO
from mail import alerts
from payouts.commissions import writer
from payouts.commissions.writer import Written
from shops.models import Reject
from shops.reject_truncation import MOST_OF_A_LINE, cut, shortened
from shops.strict_json import NoNumber, Unreadable, parse
from tracking.models import Reason
from tracking.orders import ingestion
from tracking.orders.ingestion import Outcome, Taken, ingest
from tracking.orders.ingestion_sql import Changed
from tracking.orders.snapshots import HASHED, Reader, Refused, Snapshot

BATCH = 1_000


class Unparsed(NamedTuple):
    """A row of NDJSON that is no JSON: its text and the cause."""

    text: str
    cause: str


class Contradicted(NamedTuple):
    """A row that what it came with speaks against: the address that it was sent to, or the other rows of a file."""

    row: dict[str, Any]
    field: str
    cause: str
    address: str = ""


class Result(NamedTuple):
    """One row's answer (CONTRACT 4). `commission` is the order's in the program's currency, with two places."""

    order_id: str | None
    outcome: str
    affiliate: str | None
    reason: str | None
    commission: str | None
    field: str = ""
    cause: str = ""

    def public(self) -> dict[str, str | None]:
        return {key: getattr(self, key) for key in ("order_id", "outcome", "affiliate", "reason", "commission")}


def take(
    *, snapshots: Sequence[object], source: str, api_key: ApiKey | None = None, now: datetime, keep: bool = True
) -> list[Result]:
    """Take up to 1,000 rows, as parsed from JSON, all in one transaction; the answers are in the order sent.

    A bad row rejects only itself, with the field and the cause, and is kept in the rejects inbox unless `keep` says that
    it is there already.
    """
    reader = reader_at(now)
    with transaction.atomic():
        read: list[Snapshot | Taken] = [_read(reader, row) for row in snapshots]
        good = [row for row in read if isinstance(row, Snapshot)]
        ingested = ingest(good, api_key=api_key, frozen=writer.frozen) if good else None
        changed = ingested.changed if ingested else []
        written = writer.write(changed, now=now)
        answers = iter(ingested.taken if ingested else ())
        taken = [next(answers) if isinstance(row, Snapshot) else row for row in read]
        if keep:
            _keep_rejects(snapshots, taken, source=source, now=now, reader=reader)
        return _results(taken, changed, written)


def foresee(*, snapshots: Sequence[object], now: datetime) -> list[Taken]:
    """What `take` would answer to up to 1,000 rows now, by the same rules; stores nothing."""
    reader = reader_at(now)
    read: list[Snapshot | Taken] = [_read(reader, row) for row in snapshots]
    good = [row for row in read if isinstance(row, Snapshot)]
    answers = iter(ingestion.foresee(good) if good else ())
    return [next(answers) if isinstance(row, Snapshot) else row for row in read]


def reader_at(now: datetime) -> Reader:
    """Reads rows against this program as it is at `now`."""
    return Reader(currency=program_currency(), now=now, key=settings.PERSONAL_HASH_KEY)


def take_lines(*, lines: Sequence[bytes], source: str, api_key: ApiKey | None = None, now: datetime) -> list[Result]:
    """Take up to 1,000 lines of NDJSON; a line that is no JSON rejects only itself."""
    return take(snapshots=[parse_line(line) for line in lines], source=source, api_key=api_key, now=now)


def parse_line(line: bytes) -> object:
    """The row of one line, or Unparsed with the cause."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Unparsed(line.decode("ascii", "backslashreplace"), f"is not UTF-8 at byte {error.start}")
    try:
        if text.startswith("\ufeff"):
            raise Unreadable("begins with a byte order mark")
        return parse(text)
    except Unreadable as error:
        return Unparsed(text, str(error))


def _read(reader: Reader, row: object) -> Snapshot | Taken:
    if isinstance(row, Unparsed):
        return Taken("", Outcome.REJECTED, "", f"the line {row.cause}")
    if isinstance(row, Contradicted):
        return Taken(_order_id(row.row), Outcome.REJECTED, row.field, row.cause)
    try:
        return reader.read(row)
    except Refused as refusal:
        return Taken(_order_id(row), Outcome.REJECTED, refusal.field, refusal.cause)


def _order_id(row: object) -> str:
    """What a refused row calls itself, as far as that can be stored."""
    found = row.get("order_id") if isinstance(row, dict) else None
    return _storable(found) if isinstance(found, str) else ""


def _storable(order_id: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", order_id)[:64]


def _results(taken: Sequence[Taken], changed: Sequence[Changed], written: Mapping[UUID, Written]) -> list[Result]:
    frozen = {order.snapshot.order_id for order in changed if order.frozen}
    found = {order.snapshot.order_id: _of_begun(order, written) for order in changed if order.begun}
    known = {row.order_id for row in taken if row.outcome != Outcome.REJECTED} - found.keys()
    found |= _of_known(known) if known else {}
    results = []
    for row in taken:
        if row.outcome == Outcome.REJECTED:
            cause = f"{row.field}: {row.cause}" if row.field else row.cause
            results.append(Result(row.order_id or None, row.outcome, None, cause, None, row.field, row.cause))
            continue
        affiliate, reason, commission = found[row.order_id]
        if row.outcome == Outcome.CONFLICT:
            reason = f"{row.field}: {row.cause}"
        elif row.order_id in frozen:
            reason = Reason.FROZEN.value
        results.append(Result(row.order_id, row.outcome, affiliate, reason, f"{commission:.2f}", row.field, row.cause))
    return results


def _of_begun(order: Changed, written: Mapping[UUID, Written]) -> tuple[str | None, str, Decimal]:
    """Of an order that this batch began: all of its commissions were written just now."""
    lines = written.get(order.order_pk)
    return lines and lines.affiliate, order.attribution.reason.value, lines.amount if lines else ZERO


def _of_known(order_ids: Collection[str]) -> dict[str, tuple[str | None, str, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.order_id, a.code, o.reason,
                   COALESCE((SELECT SUM(c.amount) FROM payouts_commission c WHERE c.order_id = o.id), 0)
              FROM tracking_order o LEFT JOIN affiliates_affiliate a ON a.id = o.affiliate_id
             WHERE o.order_id = ANY(%s)
            """,
            [list(order_ids)],
        )
        return {order_id: (code, reason, commission) for order_id, code, reason, commission in cursor.fetchall()}


def _keep_rejects(
    rows: Sequence[object], taken: Sequence[Taken], *, source: str, now: datetime, reader: Reader
) -> None:
    refused = [
        Reject(
            received_at=now,
            source=source,
            order_id=answer.order_id,
            field=answer.field[:200],
            cause=answer.cause,
            outcome=answer.outcome,
            content=kept(row, reader),
            address=_storable(row.address) if isinstance(row, Contradicted) else "",
        )
        for row, answer in zip(rows, taken, strict=True)
        if answer.outcome in (Outcome.REJECTED, Outcome.CONFLICT)
    ]
    Reject.objects.bulk_create(refused, batch_size=200)
    conflicts = sum(reject.outcome == Outcome.CONFLICT for reject in refused)
    if conflicts:
        alerts.alert_staff(
            kind="orders_in_conflict", key=f"{now:%Y-%m-%dT%H}", context={"count": conflicts, "source": source}
        )


def kept(row: object, reader: Reader) -> str:
    """A refused row as text for the inbox, `customer.ref` as a keyed hash wherever it can be found."""
    if isinstance(row, Contradicted):
        row = row.row
    if isinstance(row, Unparsed):
        text = cut(row.text, MOST_OF_A_LINE)
        return re.sub(r'("ref"\s*:\s*)"(\\.|[^"\\])*"?', r'\1"(removed)"', text).replace("\0", "\\u0000")
    if isinstance(row, dict) and row.get("customer") is not None:
        row = _with(row, "customer", _customer(row["customer"], reader))
    return json.dumps(shortened(row), default=_shown, ensure_ascii=True)


def _customer(customer: object, reader: Reader) -> object:
    """A refused row's customer, without what would tell who it is."""
    if not isinstance(customer, dict):
        return "(removed)"
    reference = customer.get("ref")
    if reference is None:
        return customer
    return _with(customer, "ref", HASHED + reader.hashed(reference) if isinstance(reference, str) else "(removed)")


def _with(row: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """`row` with another value; it still knows whether a key stood in it twice."""
    changed = copy(row)
    changed[key] = value
    return changed


def _shown(value: Any) -> str:
    return value.text if isinstance(value, NoNumber) else str(value)
