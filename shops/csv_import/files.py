"""A CSV file of orders from upload to import: stored, mapped, previewed, imported or discarded (specification 4).

No order is stored before the uploader confirms the preview; then intake takes the snapshots in batches, as from the
API.
"""

import hashlib
import hmac
import io
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.models import AgreementVersion
from agreements.periods import get_program_time_zone
from agreements.program_currency import get_program_currency
from audit import trail
from lib import csv_columns
from lib.csv import CsvError, CsvTable, iterate_rows, read_table
from lib.csv_columns import ColumnMapping
from lib.errors import NotAllowed
from payouts.payout_details import encryption
from shops import intake
from shops.csv_import.columns import FIELDS, LAYOUT
from shops.csv_import.coupon_preview import describe_unassigned_coupons, find_unassigned_coupons
from shops.csv_import.file_rejects import store_rejects
from shops.csv_import.order_cells import Context
from shops.csv_import.order_groups import OrderGroup, group_orders
from shops.intake import BATCH
from shops.models import OrderFile
from tracking.orders.incoming import IncomingOrder

State = OrderFile.State
# A file holds customer data, so one that is neither imported nor discarded is deleted after a day.
DISCARD_AFTER = timedelta(days=1)
# How long a request works on an import. The scheduled task finishes the rest, in minutes for tens of thousands.
IMPORT_WAIT_SECONDS = 10.0
TASK_SECONDS = 300.0
SAMPLE_ROWS = 5
# Read for the sample, so that the orders of its rows are whole.
SAMPLE_ROWS_READ = 50
DEFAULT_CATEGORY = "everything-else"


def store_file(*, name: str, content: BinaryIO, now: datetime, by: User) -> OrderFile:
    """Store an uploaded file for preview.

    Raises ValidationError for `file`, and stores nothing, if it is not a readable CSV file of orders.
    """
    try:
        headings, rows = inspect_file(content)
    except CsvError as error:
        raise ValidationError({"file": str(error)}) from None
    content.seek(0)
    whole = content.read()
    return OrderFile.objects.create(
        name=name.replace("\0", "")[:200] or "orders.csv",
        uploaded_at=now,
        uploaded_by=by,
        sha256=hashlib.sha256(whole).hexdigest(),
        content=encryption.seal(whole),
        headings=headings,
        headings_sha256=_hash_json(headings),
        rows=rows,
    )


def inspect_file(content: BinaryIO) -> tuple[list[str], int]:
    """Return the headings of the file and its number of rows, after reading every row once.

    Raises CsvError if it is no such file, and ValidationError for `file` with each row that cannot be read.
    """
    table = read_table(content)
    rows, errors = 0, list[CsvError]()
    for row in iterate_rows(table):
        if isinstance(row, CsvError):
            errors.append(row)
        if len(errors) > csv_columns.MAX_ERRORS_NAMED:
            break
        rows += 1
    if errors:
        raise ValidationError({"file": csv_columns.name_errors(errors)})
    if not rows:
        raise CsvError(_("The file has headings but no rows below them."))
    return table.headings, rows


def get_mapping(file: OrderFile) -> ColumnMapping:
    """Return the mapping that was chosen for the file."""
    return ColumnMapping(dict(file.columns), LAYOUT.get_preset(file.preset))


def propose_mapping(file: OrderFile) -> ColumnMapping:
    """Return the file's mapping, else that of the last file with the same headings, else a guess."""
    if file.columns:
        return get_mapping(file)
    same = OrderFile.objects.filter(headings_sha256=file.headings_sha256).exclude(columns={})
    last = same.order_by("-uploaded_at").first()
    if last and last.headings == file.headings:
        return get_mapping(last)
    return csv_columns.guess_mapping(LAYOUT, file.headings)


@transaction.atomic
def match_columns(*, file: OrderFile, mapping: ColumnMapping, now: datetime) -> None:
    """Store which column holds which field, and preview the outcome of every order without importing any."""
    if not OrderFile.objects.select_for_update().filter(pk=file.pk, state=State.WAITING).exists():
        raise NotAllowed(_("This file has already been imported or discarded."))
    csv_columns.check_mapping(LAYOUT, mapping, file.headings)
    orders, notes = _group_orders(file, mapping)
    outcomes: Counter[str] = Counter()
    uncredited: dict[str, list[str]] = {}
    file.rejects.all().delete()
    for batch in _split_batches(orders):
        results = intake.preview_orders(snapshots=[order.snapshot for order in batch], now=now)
        outcomes.update(str(result.outcome) for result in results)
        uncredited |= find_unassigned_coupons(results)
        store_rejects(file, mapping.columns, zip(batch, results, strict=True), now)
    OrderFile.objects.filter(pk=file.pk).update(
        columns=mapping.columns,
        preset=mapping.preset.name if mapping.preset else "",
        notes=[
            *csv_columns.describe_mapping(LAYOUT, mapping, file.headings),
            *notes,
            *describe_unassigned_coupons(uncredited),
        ],
        orders=len(orders),
        expected_outcomes=outcomes,
    )


def compute_digest(file: OrderFile) -> str:
    """Return a digest of the file's bytes, mapping and preview, which an import names to confirm exactly these."""
    mapping = [file.preset, sorted(file.columns.items())]
    return _hash_json([str(file.pk), file.sha256, mapping, sorted(file.expected_outcomes.items())])


def import_orders(*, file: OrderFile, digest: str, now: datetime, by: User) -> None:
    """Import the file as previewed; what takes longer than `IMPORT_WAIT_SECONDS` is left to `continue_imports`.

    Must not be called in a transaction. Raises ValidationError if the mapping or preview no longer has this digest.
    """
    with transaction.atomic():
        waiting = OrderFile.objects.select_for_update().filter(pk=file.pk, state=State.WAITING).first()
        if waiting is None:
            raise NotAllowed(_("This file has already been imported or discarded."))
        if not waiting.columns or not hmac.compare_digest(compute_digest(waiting), digest):
            raise ValidationError(_("The column mapping has changed since this preview. Check the preview again."))
        OrderFile.objects.filter(pk=file.pk).update(state=State.IMPORTING, decided_at=now)
        waiting.rejects.all().delete()
        trail.record(
            action="orders imported from a file",
            subject=file,
            now=now,
            by=by,
            before={"state": State.WAITING.value},
            after={"file": file.name, "sha256": file.sha256, "rows": file.rows, "orders": waiting.orders}
            | {f"expected {outcome}": count for outcome, count in waiting.expected_outcomes.items()},
            reason="Imported as previewed.",
        )
    continue_import(file_pk=file.pk, seconds=IMPORT_WAIT_SECONDS, now=now)


def continue_import(*, file_pk: UUID, seconds: float, now: datetime) -> None:
    """Import the remaining orders of a file, each batch in a transaction that also counts it in the file's row.

    Imports at least one batch and begins none after `seconds`. If it is killed and called again, or called twice at
    once, every order is still imported once.
    """
    file = OrderFile.objects.select_related("uploaded_by").get(pk=file_pk)
    if file.state != State.IMPORTING:
        return
    orders, _notes = _group_orders(file, get_mapping(file))
    deadline = time.monotonic() + seconds
    for begin in range(file.processed, len(orders), BATCH):
        if begin > file.processed and time.monotonic() >= deadline:
            return
        with transaction.atomic():
            row = OrderFile.objects.select_for_update().get(pk=file_pk)
            if row.state == State.IMPORTING and row.processed == begin:
                _import_batch(
                    row, orders[begin : begin + BATCH], len(orders), f"{file.name} by {file.uploaded_by}", now
                )


def _import_batch(file: OrderFile, batch: Sequence[OrderGroup], total: int, source: str, now: datetime) -> None:
    results = intake.ingest_orders(snapshots=[order.snapshot for order in batch], source=source[:200], now=now)
    outcomes = Counter(file.outcomes)
    outcomes.update(str(result.outcome) for result in results)
    store_rejects(file, file.columns, zip(batch, results, strict=True), now)
    done = file.processed + len(batch)
    finished = {"state": State.IMPORTED, "content": None} if done == total else {}
    OrderFile.objects.filter(pk=file.pk).update(outcomes=outcomes, processed=done, **finished)


def discard_file(*, file: OrderFile, now: datetime) -> None:
    """Delete the content of a waiting file; none of its orders was imported."""
    with transaction.atomic():
        waiting = OrderFile.objects.filter(pk=file.pk, state=State.WAITING)
        if not waiting.update(state=State.DISCARDED, content=None, decided_at=now):
            raise NotAllowed(_("This file has already been imported or discarded."))
        file.rejects.all().delete()


def continue_imports(*, now: datetime) -> tuple[int, int]:
    """Continue unfinished imports, and discard files that have waited for a day. Return the number of each."""
    old = OrderFile.objects.filter(state=State.WAITING, uploaded_at__lt=now - DISCARD_AFTER)
    abandoned = list(old)
    for file in abandoned:
        discard_file(file=file, now=now)
    unfinished = list(OrderFile.objects.filter(state=State.IMPORTING).values_list("pk", flat=True))
    for pk in unfinished:
        continue_import(file_pk=pk, seconds=TASK_SECONDS, now=now)
    return len(unfinished), len(abandoned)


def read_sample(file: OrderFile) -> list[list[str]]:
    """Return the first rows of a file that is still stored, cells in the order of its headings."""
    return [row.cells for row in islice(_read_table(file).rows, SAMPLE_ROWS)]


def preview_sample(file: OrderFile) -> tuple[list[str], list[list[str]]]:
    """Return the fields of the first rows, and their values as they will be imported, with every default."""
    context = _build_context(file, get_mapping(file))
    groups, _notes = group_orders(islice(_read_table(file).rows, SAMPLE_ROWS_READ), context)
    samples: list[dict[str, Any]] = []
    for group in sorted(groups, key=lambda group: group.rows):
        snapshot = group.snapshot.row if isinstance(group.snapshot, IncomingOrder) else group.snapshot
        assert isinstance(snapshot, dict)
        order = {name: value for name, value in snapshot.items() if name not in ("customer", "lines")}
        customer = {f"customer.{name}": value for name, value in snapshot.get("customer", {}).items()}
        samples += [order | customer | line for line in snapshot["lines"]]
    samples = samples[:SAMPLE_ROWS]
    fields = [name for name in FIELDS if any(name in sample for sample in samples)]
    return fields, [[_format_value(sample.get(name)) for name in fields] for sample in samples]


def _format_value(value: object) -> str:
    return "" if value is None else " / ".join(map(str, value)) if isinstance(value, list) else str(value)


def _group_orders(file: OrderFile, mapping: ColumnMapping) -> tuple[list[OrderGroup], list[str]]:
    return group_orders(_read_table(file).rows, _build_context(file, mapping))


def _build_context(file: OrderFile, mapping: ColumnMapping) -> Context:
    """Return what the file does not say.

    Its time is that of the first import of the same bytes, so that importing a file again changes nothing.
    """
    imported = OrderFile.objects.filter(sha256=file.sha256, state__in=(State.IMPORTING, State.IMPORTED))
    first = imported.order_by("uploaded_at").first() or file
    zone = get_program_time_zone()
    version = AgreementVersion.objects.get_in_force(file.uploaded_at)
    rate = version.rates.filter(everything_else=True).first() if version else None
    return Context(
        mapping=mapping,
        currency=get_program_currency(),
        zone=zone,
        read_at=min(first.uploaded_at, file.uploaded_at),
        category=rate.category if rate else DEFAULT_CATEGORY,
    )


def _read_table(file: OrderFile) -> CsvTable:
    whole = encryption.unseal(bytes(file.content or b""))
    if hashlib.sha256(whole).hexdigest() != file.sha256:
        raise ValidationError(_("The stored file differs from the uploaded one. Upload it again."))
    return read_table(io.BytesIO(whole))


def _split_batches(orders: Sequence[OrderGroup]) -> Iterator[Sequence[OrderGroup]]:
    return (orders[begin : begin + BATCH] for begin in range(0, len(orders), BATCH))


def _hash_json(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
