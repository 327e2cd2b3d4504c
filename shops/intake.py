"""Intake: orders are read, ingested, attributed and priced in one transaction a batch (specification 4)."""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from prometheus_client import Counter as Metric

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
from tracking.orders.coupon_erasure import ErasedCodes, find_erased_codes
from tracking.orders.incoming import IncomingOrder, Outcome
from tracking.orders.ingestion import Preparation
from tracking.orders.order_state import OrderState
from tracking.orders.snapshot_fields import MAX_COUPONS, MAX_SENT_LENGTHS, Rejected
from tracking.orders.snapshots import HASH_PREFIX, Reader, hash_reference

BATCH = 1_000
SNAPSHOTS = Metric("accord_order_snapshots", "Received order snapshots by outcome", ["outcome"])
# The currency that the last batch was read by.
_last: dict[str, str] = {}
# How much of a malformed order id a result repeats.
MAX_NAMED_ID = 200


def ingest_orders(
    *,
    snapshots: Sequence[object],
    source: str,
    api_key: ApiKey | None = None,
    now: datetime,
    store_rejects: bool = True,
) -> list[IncomingOrder]:
    """Ingest up to 1,000 rows in one transaction; return them with their results, in the order sent.

    A row is parsed JSON or an IncomingOrder. A bad row rejects only itself, with the field and the cause. It is kept in
    the rejects inbox unless `store_rejects` is off because it is there already.
    """
    with transaction.atomic():
        rows = [row if isinstance(row, IncomingOrder) else IncomingOrder(row) for row in snapshots]
        reader, preparation = _read_rows(rows, now)
        batch = [row for row in rows if row.snapshot]
        changed: list[OrderState] = []
        if preparation:
            states = ingestion.accept_batch(batch, preparation, api_key=api_key)
            moving = [state for state in states.values() if state.changes_hands]
            settled = writer.find_settled_orders(state.pk for state in moving) if moving else ()
            changed = ingestion.store_changes(batch, states, settled=[state for state in moving if state.pk in settled])
        has_promotions = preparation is not None and preparation.data.has_promotions
        written = writer.write_commissions(changed, now=now, has_promotions=has_promotions)
        if store_rejects:
            _store_rejects(rows, source=source, now=now, reader=reader)
        _fill_results(rows, changed, written)
        transaction.on_commit(partial(count_outcomes, rows))
        return rows


def _read_rows(rows: Sequence[IncomingOrder], now: datetime) -> tuple[Reader, Preparation | None]:
    """Read the rows that are not refused yet; return the reader, and what those that are good need, if any.

    They are read by the currency of the batch before, and again if that is not the program's: to ask for it first would
    take a statement more.
    """
    unread = [row for row in rows if not row.cause]
    while True:
        currency = _last.get("currency") or get_program_currency()
        reader = build_reader(now, currency)
        for row in rows:
            _read_row(reader, row)
        batch = [row for row in rows if row.snapshot]
        preparation = ingestion.prepare_batch(batch) if batch else None
        _last["currency"] = (preparation and preparation.data.currency) or get_program_currency()
        if _last["currency"] == currency:
            return reader, preparation
        for row in unread:
            row.reset()


def count_outcomes(rows: Sequence[IncomingOrder]) -> None:
    """Count the rows into the metrics."""
    for outcome, number in Counter(row.outcome for row in rows).items():
        SNAPSHOTS.labels(outcome.value).inc(number)


def preview_orders(*, snapshots: Sequence[object], now: datetime) -> list[IncomingOrder]:
    """Return up to 1,000 rows with the outcomes that `ingest_orders` would give them now; store nothing."""
    reader = build_reader(now)
    rows = [_read_row(reader, row) for row in snapshots]
    ingestion.predict_outcomes([row for row in rows if row.snapshot])
    return rows


def build_reader(now: datetime, currency: str = "") -> Reader:
    """Return a reader of snapshots at `now`, for this program's currency unless another is named."""
    return Reader(currency=currency or get_program_currency(), now=now, key=settings.PERSONAL_HASH_KEY)


def hash_customer(reference: str) -> str:
    """Return a customer reference as the keyed hash that snapshots may have in its place."""
    return HASH_PREFIX + hash_reference(reference, settings.PERSONAL_HASH_KEY.encode())


def ingest_lines(
    *, lines: Sequence[bytes], source: str, api_key: ApiKey | None = None, now: datetime
) -> list[IncomingOrder]:
    """Ingest up to 1,000 lines of NDJSON; a line that is no JSON rejects only itself."""
    return ingest_orders(snapshots=[parse_line(line) for line in lines], source=source, api_key=api_key, now=now)


def parse_line(line: bytes) -> IncomingOrder:
    """Return the row of one line of NDJSON, rejected if it is no JSON."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        text = line.decode("ascii", "backslashreplace")
        return IncomingOrder(text, is_text=True).refuse("", f"the line is not UTF-8 at byte {error.start}")
    try:
        if text.startswith("\ufeff"):
            raise UnreadableInput("begins with a byte order mark")
        return IncomingOrder(parse_json(text))
    except UnreadableInput as error:
        return IncomingOrder(text, is_text=True).refuse("", f"the line {error}")


def _read_row(reader: Reader, row: object) -> IncomingOrder:
    incoming = row if isinstance(row, IncomingOrder) else IncomingOrder(row)
    if not incoming.cause:
        try:
            incoming.snapshot = reader.read(incoming.row)
        except Rejected as refusal:
            incoming.refuse(refusal.field, refusal.message)
        else:
            incoming.order_id = incoming.snapshot.order_id
            return incoming
    incoming.order_id = _get_order_id(incoming.row)
    incoming.named_id = _name_refused_row(incoming.row)
    return incoming


def _get_order_id(row: object) -> str:
    """Return the order id that a refused row names, as far as it can be stored."""
    found = row.get("order_id") if isinstance(row, dict) else None
    return clean_order_id(found) if isinstance(found, str) else ""


def clean_order_id(order_id: str) -> str:
    """Return an order id as far as it can be stored."""
    return re.sub(r"[^\x20-\x7e]", "?", order_id)[:64]


def _name_refused_row(row: object) -> str:
    """Return the order id that a refused row names, as it was sent but for lone surrogates and an endless rest."""
    found = row.get("order_id") if isinstance(row, dict) else None
    if not isinstance(found, str):
        return ""
    text = found.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_NAMED_ID else f"{text[:MAX_NAMED_ID]}…"


def _fill_results(
    rows: Sequence[IncomingOrder], changed: Sequence[OrderState], written: Mapping[UUID, OrderCommissions]
) -> None:
    frozen = {state.snapshot.order_id for state in changed if state.is_frozen and state.snapshot}
    found = {
        state.snapshot.order_id: _get_new_result(state, written) for state in changed if state.is_new and state.snapshot
    }
    known = {row.order_id for row in rows if not row.is_rejected} - found.keys()
    found |= _load_known_results(known) if known else {}
    for row in rows:
        if row.is_rejected:
            continue
        row.affiliate, reason, commission = found[row.order_id]
        row.commission = f"{commission:.2f}"
        if row.outcome is not Outcome.CONFLICT:
            row.reason = Reason.FROZEN.value if row.order_id in frozen else reason


def _get_new_result(state: OrderState, written: Mapping[UUID, OrderCommissions]) -> tuple[str | None, str, Decimal]:
    """Return affiliate, reason and commission of an order that this batch began: all its commissions are in `written`."""
    lines = written.get(state.pk)
    return lines and lines.affiliate, state.attribution.reason.value, lines.amount if lines else ZERO


def _load_known_results(order_ids: Collection[str]) -> dict[str, tuple[str | None, str, Decimal]]:
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


def _store_rejects(rows: Sequence[IncomingOrder], *, source: str, now: datetime, reader: Reader) -> None:
    refused = [row for row in rows if row.is_refused]
    erased = find_erased_codes(code for row in refused for code in _list_coupons(row.row))
    rejects = [
        Reject(
            received_at=now,
            source=source,
            order_id=row.order_id,
            field=row.field[:200],
            cause=row.cause,
            outcome=row.outcome,
            content=serialize_rejected_row(row, reader, erased),
            address=clean_order_id(row.address),
        )
        for row in refused
    ]
    Reject.objects.bulk_create(rejects, batch_size=200)
    conflicts = sum(reject.outcome == Outcome.CONFLICT for reject in rejects)
    if conflicts:
        alerts.alert_staff(
            kind="orders_in_conflict", key=f"{now:%Y-%m-%dT%H}", context={"count": conflicts, "source": source}
        )


def serialize_rejected_row(incoming: IncomingOrder, reader: Reader, erased: ErasedCodes | None = None) -> str:
    """Return a refused row as text for the rejects inbox, with `customer.ref` as a keyed hash wherever it is found.

    Coupon codes of erased affiliates are pseudonyms in it; `erased` are those of a batch.
    """
    row = incoming.row
    if incoming.is_text:
        text = truncate_text(str(row), MAX_LINE_CHARACTERS)
        return re.sub(r'("ref"\s*:\s*)"(\\.|[^"\\])*"?', r'\1"(removed)"', text).replace("\0", "\\u0000")
    if isinstance(row, dict) and row.get("customer") is not None:
        row = _replace_value(row, "customer", _redact_customer(row["customer"], reader))
    if isinstance(row, dict) and (codes := _list_coupons(row)):
        row = _replace_coupons(row, erased or find_erased_codes(codes))
    return json.dumps(truncate_row(row), default=_format_number, ensure_ascii=True)


def _list_coupons(row: object) -> list[str]:
    """Return the coupon codes of a refused row, as far as they are texts of a usable length."""
    if not isinstance(row, dict):
        return []
    listed = row.get("coupons")
    found = [row.get("coupon"), *(listed[:MAX_COUPONS] if isinstance(listed, list) else ())]
    return [code for code in found if isinstance(code, str) and len(code) <= MAX_SENT_LENGTHS["coupon"]]


def _replace_coupons(row: dict[str, Any], erased: ErasedCodes) -> dict[str, Any]:
    known = _list_coupons(row)

    def replace(code: Any) -> Any:
        return erased.replace(code) if code in known else code

    if row.get("coupon") is not None:
        row = _replace_value(row, "coupon", replace(row["coupon"]))
    if isinstance(row.get("coupons"), list):
        row = _replace_value(row, "coupons", [replace(code) for code in row["coupons"]])
    return row


def _redact_customer(customer: object, reader: Reader) -> object:
    """Return a refused row's customer without the reference."""
    if not isinstance(customer, dict):
        return "(removed)"
    reference = customer.get("ref")
    if reference is None:
        return customer
    return _replace_value(
        customer, "ref", HASH_PREFIX + reader.hash_reference(reference) if isinstance(reference, str) else "(removed)"
    )


def _replace_value(row: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """Return a copy of `row` with another value; the copy still knows its duplicate keys."""
    changed = copy(row)
    changed[key] = value
    return changed


def _format_number(value: Any) -> str:
    return value.text if isinstance(value, InvalidNumber) else str(value)
