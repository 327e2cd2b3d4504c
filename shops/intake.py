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
from agreements.program_currency import get_program_currency
from lib.money import ZERO
from mail import alerts
from payouts.commissions import writer
from payouts.commissions.writer import OrderCommissions
from shops.models import Reject
from shops.reject_truncation import MAX_LINE_CHARACTERS, truncate_row, truncate_text
from shops.strict_json import InvalidNumber, UnreadableInput, parse_json
from tracking.models import Reason
from tracking.orders import ingestion
from tracking.orders.ingestion import Outcome, SnapshotResult, ingest_snapshots
from tracking.orders.ingestion_sql import OrderChange
from tracking.orders.snapshots import HASH_PREFIX, Reader, Rejected, Snapshot

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

    def to_public_dict(self) -> dict[str, str | None]:
        return {key: getattr(self, key) for key in ("order_id", "outcome", "affiliate", "reason", "commission")}


def ingest_orders(
    *,
    snapshots: Sequence[object],
    source: str,
    api_key: ApiKey | None = None,
    now: datetime,
    store_rejects: bool = True,
) -> list[Result]:
    """Take up to 1,000 rows, as parsed from JSON, all in one transaction; the answers are in the order sent.

    A bad row rejects only itself, with the field and the cause, and is kept in the rejects inbox unless `store_rejects` says that
    it is there already.
    """
    reader = build_reader(now)
    with transaction.atomic():
        read: list[Snapshot | SnapshotResult] = [_read_row(reader, row) for row in snapshots]
        good = [row for row in read if isinstance(row, Snapshot)]
        ingested = ingest_snapshots(good, api_key=api_key, find_frozen=writer.find_settled_orders) if good else None
        changed = ingested.changes if ingested else []
        written = writer.write_commissions(changed, now=now)
        answers = iter(ingested.results if ingested else ())
        taken = [next(answers) if isinstance(row, Snapshot) else row for row in read]
        if store_rejects:
            _store_rejects(snapshots, taken, source=source, now=now, reader=reader)
        return _build_results(taken, changed, written)


def preview_orders(*, snapshots: Sequence[object], now: datetime) -> list[SnapshotResult]:
    """What `ingest_orders` would answer to up to 1,000 rows now, by the same rules; stores nothing."""
    reader = build_reader(now)
    read: list[Snapshot | SnapshotResult] = [_read_row(reader, row) for row in snapshots]
    good = [row for row in read if isinstance(row, Snapshot)]
    answers = iter(ingestion.predict_outcomes(good) if good else ())
    return [next(answers) if isinstance(row, Snapshot) else row for row in read]


def build_reader(now: datetime) -> Reader:
    """Reads rows against this program as it is at `now`."""
    return Reader(currency=get_program_currency(), now=now, key=settings.PERSONAL_HASH_KEY)


def ingest_lines(*, lines: Sequence[bytes], source: str, api_key: ApiKey | None = None, now: datetime) -> list[Result]:
    """Take up to 1,000 lines of NDJSON; a line that is no JSON rejects only itself."""
    return ingest_orders(snapshots=[parse_line(line) for line in lines], source=source, api_key=api_key, now=now)


def parse_line(line: bytes) -> object:
    """The row of one line, or Unparsed with the cause."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Unparsed(line.decode("ascii", "backslashreplace"), f"is not UTF-8 at byte {error.start}")
    try:
        if text.startswith("\ufeff"):
            raise UnreadableInput("begins with a byte order mark")
        return parse_json(text)
    except UnreadableInput as error:
        return Unparsed(text, str(error))


def _read_row(reader: Reader, row: object) -> Snapshot | SnapshotResult:
    if isinstance(row, Unparsed):
        return SnapshotResult("", Outcome.REJECTED, "", f"the line {row.cause}")
    if isinstance(row, Contradicted):
        return SnapshotResult(_get_order_id(row.row), Outcome.REJECTED, row.field, row.cause)
    try:
        return reader.read(row)
    except Rejected as refusal:
        return SnapshotResult(_get_order_id(row), Outcome.REJECTED, refusal.field, refusal.message)


def _get_order_id(row: object) -> str:
    """What a refused row calls itself, as far as that can be stored."""
    found = row.get("order_id") if isinstance(row, dict) else None
    return _clean_order_id(found) if isinstance(found, str) else ""


def _clean_order_id(order_id: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", order_id)[:64]


def _build_results(
    taken: Sequence[SnapshotResult], changed: Sequence[OrderChange], written: Mapping[UUID, OrderCommissions]
) -> list[Result]:
    frozen = {order.snapshot.order_id for order in changed if order.is_frozen}
    found = {order.snapshot.order_id: _get_created_attribution(order, written) for order in changed if order.is_new}
    known = {row.order_id for row in taken if row.outcome != Outcome.REJECTED} - found.keys()
    found |= _load_known_attributions(known) if known else {}
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


def _get_created_attribution(
    order: OrderChange, written: Mapping[UUID, OrderCommissions]
) -> tuple[str | None, str, Decimal]:
    """Of an order that this batch began: all of its commissions were written just now."""
    lines = written.get(order.order_pk)
    return lines and lines.affiliate, order.attribution.reason.value, lines.amount if lines else ZERO


def _load_known_attributions(order_ids: Collection[str]) -> dict[str, tuple[str | None, str, Decimal]]:
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


def _store_rejects(
    rows: Sequence[object], taken: Sequence[SnapshotResult], *, source: str, now: datetime, reader: Reader
) -> None:
    refused = [
        Reject(
            received_at=now,
            source=source,
            order_id=answer.order_id,
            field=answer.field[:200],
            cause=answer.cause,
            outcome=answer.outcome,
            content=serialize_rejected_row(row, reader),
            address=_clean_order_id(row.address) if isinstance(row, Contradicted) else "",
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


def serialize_rejected_row(row: object, reader: Reader) -> str:
    """A refused row as text for the inbox, `customer.ref` as a keyed hash wherever it can be found."""
    if isinstance(row, Contradicted):
        row = row.row
    if isinstance(row, Unparsed):
        text = truncate_text(row.text, MAX_LINE_CHARACTERS)
        return re.sub(r'("ref"\s*:\s*)"(\\.|[^"\\])*"?', r'\1"(removed)"', text).replace("\0", "\\u0000")
    if isinstance(row, dict) and row.get("customer") is not None:
        row = _replace_value(row, "customer", _redact_customer(row["customer"], reader))
    return json.dumps(truncate_row(row), default=_format_number, ensure_ascii=True)


def _redact_customer(customer: object, reader: Reader) -> object:
    """A refused row's customer, without what would tell who it is."""
    if not isinstance(customer, dict):
        return "(removed)"
    reference = customer.get("ref")
    if reference is None:
        return customer
    return _replace_value(
        customer, "ref", HASH_PREFIX + reader.hash_reference(reference) if isinstance(reference, str) else "(removed)"
    )


def _replace_value(row: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """`row` with another value; it still knows whether a key stood in it twice."""
    changed = copy(row)
    changed[key] = value
    return changed


def _format_number(value: Any) -> str:
    return value.text if isinstance(value, InvalidNumber) else str(value)
