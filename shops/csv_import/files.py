"""A CSV file of orders, from upload to import: kept, matched, looked at, taken by intake or discarded (CONTRACT 4).

Nothing of it is an order before its uploader has said so; then it goes the way of the API's snapshots, batch by batch.
"""

import hashlib
import hmac
import io
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from audit import trail
from payouts.payout_details import encryption
from shops import intake
from shops.csv_import import columns as matching
from shops.csv_import import csv_reader, order_groups
from shops.csv_import.csv_reader import BadFile
from shops.csv_import.order_groups import OrderGroup
from shops.intake import BATCH
from shops.models import OrderFile, OrderFileReject
from tracking.orders.incoming import IncomingOrder, Outcome

State = OrderFile.State
REFUSED_OUTCOMES = (Outcome.REJECTED, Outcome.CONFLICT)
# A file that nobody decided on holds what customers are known by: it goes after a day.
DISCARD_AFTER = timedelta(days=1)
# How long an import is waited for; beat finishes what is left of it, which is a matter of minutes for tens of thousands.
IMPORT_WAIT_SECONDS = 10.0
TASK_SECONDS = 300.0
SAMPLE_ROWS = 5


def store_file(*, name: str, content: BinaryIO, now: datetime, by: User) -> OrderFile:
    """Keep a file to be looked at, its columns matched as the last of the same headings were, else by their names.

    Refuses, by the field `file`, whatever `csv_reader.inspect_file` refuses; then nothing is stored.
    """
    try:
        form = csv_reader.inspect_file(content)
    except BadFile as refusal:
        raise ValidationError({"file": str(refusal)}) from None
    content.seek(0)
    whole = content.read()
    return OrderFile.objects.create(
        name=name.replace("\0", "")[:200] or "orders.csv",
        uploaded_at=now,
        uploaded_by=by,
        sha256=hashlib.sha256(whole).hexdigest(),
        content=encryption.seal(whole),
        delimiter=form.delimiter,
        headings=form.headings,
        headings_sha256=_hash_json(form.headings),
        rows=form.rows,
    )


def propose_columns(file: OrderFile) -> dict[str, int]:
    """How the file's columns may be matched: as they are, as those of the last file of its headings, or by their names."""
    if file.columns:
        return dict(file.columns)
    same = OrderFile.objects.filter(headings_sha256=file.headings_sha256).exclude(columns={})
    last = same.order_by("-uploaded_at").first()
    return dict(last.columns) if last and last.headings == file.headings else matching.guess_columns(file.headings)


@transaction.atomic
def match_columns(*, file: OrderFile, columns: Mapping[str, int], now: datetime) -> None:
    """Say which column is which field, and foresee what would become of every order; takes none of them."""
    if not OrderFile.objects.select_for_update().filter(pk=file.pk, state=State.WAITING).exists():
        raise IllegalTransition("This file does not wait any more.")
    matching.check_columns(columns, file.headings)
    orders = _group_orders(file, columns)
    outcomes: Counter[str] = Counter()
    file.rejects.all().delete()
    for batch in _split_batches(orders):
        answers = intake.preview_orders(snapshots=[order.snapshot for order in batch], now=now)
        outcomes.update(str(answer.outcome) for answer in answers)
        _store_refusals(file, columns, zip(batch, answers, strict=True))
    OrderFile.objects.filter(pk=file.pk).update(columns=dict(columns), orders=len(orders), expected_outcomes=outcomes)


def compute_digest(file: OrderFile) -> str:
    """A digest of what was foreseen and of which bytes: an import names it, so that it is of nothing else."""
    return _hash_json([str(file.pk), file.sha256, sorted(file.columns.items()), sorted(file.expected_outcomes.items())])


def import_orders(*, file: OrderFile, digest: str, now: datetime, by: User) -> None:
    """Import the file as it was looked at, what takes longer than PATIENCE_SECONDS left to `continue_imports`.

    Refuses where it was looked at in another form. Not to be called in a transaction.
    """
    with transaction.atomic():
        waiting = OrderFile.objects.select_for_update().filter(pk=file.pk, state=State.WAITING).first()
        if waiting is None:
            raise IllegalTransition("This file does not wait any more.")
        if not waiting.columns or not hmac.compare_digest(compute_digest(waiting), digest):
            raise ValidationError(_("The file was matched anew since you looked at it. Look at it again."))
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
        )
    continue_import(file_pk=file.pk, seconds=IMPORT_WAIT_SECONDS, now=now)


def continue_import(*, file_pk: UUID, seconds: float, now: datetime) -> None:
    """Take what is left of a file that is under way, each batch in a transaction of its own, which says so in its row.

    No batch begins after `seconds`, but one is taken. Killed at any instant and called again, or called twice at once, it
    takes every order once.
    """
    file = OrderFile.objects.select_related("uploaded_by").get(pk=file_pk)
    if file.state != State.IMPORTING:
        return
    orders = _group_orders(file, file.columns)
    ends = time.monotonic() + seconds
    for begin in range(file.processed, len(orders), BATCH):
        if begin > file.processed and time.monotonic() >= ends:
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
    _store_refusals(file, file.columns, zip(batch, results, strict=True))
    done = file.processed + len(batch)
    finished = {"state": State.IMPORTED, "content": None} if done == total else {}
    OrderFile.objects.filter(pk=file.pk).update(outcomes=outcomes, processed=done, **finished)


def discard_file(*, file: OrderFile, now: datetime) -> None:
    """Forget a file that waits; nothing of it was taken."""
    with transaction.atomic():
        waiting = OrderFile.objects.filter(pk=file.pk, state=State.WAITING)
        if not waiting.update(state=State.DISCARDED, content=None, decided_at=now):
            raise IllegalTransition("This file does not wait any more.")
        file.rejects.all().delete()


def continue_imports(*, now: datetime) -> tuple[int, int]:
    """Go on with imports that are not done, and forget files that have waited for a day; returns how many of each."""
    old = OrderFile.objects.filter(state=State.WAITING, uploaded_at__lt=now - DISCARD_AFTER)
    forgotten = list(old)
    for file in forgotten:
        discard_file(file=file, now=now)
    broken = list(OrderFile.objects.filter(state=State.IMPORTING).values_list("pk", flat=True))
    for pk in broken:
        continue_import(file_pk=pk, seconds=TASK_SECONDS, now=now)
    return len(broken), len(forgotten)


def read_sample(file: OrderFile) -> list[list[str]]:
    """The first rows of a file that is still kept, cells in the order of its headings."""
    return [cells for _number, cells in islice(_read_records(file), 1, SAMPLE_ROWS + 1)]


def _group_orders(file: OrderFile, columns: Mapping[str, int]) -> list[OrderGroup]:
    return order_groups.group_orders(islice(_read_records(file), 1, None), columns)


def _read_records(file: OrderFile) -> Iterator[tuple[int, list[str]]]:
    whole = encryption.unseal(bytes(file.content or b""))
    if hashlib.sha256(whole).hexdigest() != file.sha256:
        raise ValidationError(_("What is stored is not what was uploaded. Upload the file again."))
    return csv_reader.read_records(io.BytesIO(whole), file.delimiter)


def _split_batches(orders: Sequence[OrderGroup]) -> Iterator[Sequence[OrderGroup]]:
    return (orders[begin : begin + BATCH] for begin in range(0, len(orders), BATCH))


def _store_refusals(
    file: OrderFile, columns: Mapping[str, int], answers: Iterable[tuple[OrderGroup, IncomingOrder]]
) -> None:
    found = []
    for order, answer in answers:
        if answer.outcome in REFUSED_OUTCOMES:
            row, field = order.locate(answer.field)
            heading = file.headings[columns[field]] if field in columns else ""
            found.append(
                OrderFileReject(
                    order_file=file, row=row, order_id=answer.order_id or "", field=answer.field[:200], heading=heading,
                    outcome=str(answer.outcome), cause=answer.cause,
                )
            )  # fmt: skip
    OrderFileReject.objects.bulk_create(found, batch_size=500)


def _hash_json(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
