"""Results of payouts, a CSV from the bank or provider: previewed, then imported (specification 6)."""

import io
import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.csv import CsvError, CsvRow, check_width, read_csv
from payouts.disbursement import payout_transitions
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch

COLUMNS = ["reference", "result", "amount", "reason"]
AMOUNT_PATTERN = re.compile(r"[0-9]{1,12}\.[0-9]{2}", re.ASCII)
State = Payout.State
# The audit reason of payouts that are marked paid without a results file.
PAID_IN_FULL = "The bank or provider paid the whole batch."


class Effect(StrEnum):
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class ResultLine(NamedTuple):
    """One line of the file and its effect; `cause` is why it is refused, or ""."""

    number: int
    reference: str
    result: str
    amount: str
    reason: str
    effect: Effect
    cause: str
    payout: Payout | None


def preview_results(content: bytes) -> list[ResultLine]:
    """Return what each line of the file would do, without changing anything.

    Raises ValidationError for the field `file` if it cannot be read.
    """
    rows = _read_rows(content)
    wanted = {row.cells[0] for row in rows}
    payouts = {
        payout.reference: payout for payout in Payout.objects.filter(reference__in=wanted).select_related("affiliate")
    }
    seen: set[str] = set()
    lines = []
    for row in rows:
        reference = row.cells[0]
        lines.append(_classify_line(row.number, row.cells, payouts.get(reference), reference in seen))
        seen.add(reference)
    return lines


@transaction.atomic
def import_results(*, content: bytes, now: datetime, by: User) -> list[ResultLine]:
    """Book the results: payouts that were paid, failed, or were returned after they had been paid (specification 6).

    A line with an unknown reference, another amount or an impossible result is refused and changes nothing; the other
    lines count. Importing the same file again changes nothing. Return the effect of each line.
    """
    booking.lock_shared()
    wanted = [row.cells[0] for row in _read_rows(content)]
    # Locked in one order, so that of two imports at once the second waits and sees what the first did.
    list(Payout.objects.filter(reference__in=wanted).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    lines = preview_results(content)
    paid = [
        (line.payout, f"Line {line.number} of the results file.")
        for line in lines
        if line.payout is not None and line.effect == Effect.PAID
    ]
    payout_transitions.pay_many(paid, now=now, by=by)
    for line in lines:
        if line.payout is not None and line.effect in (Effect.FAILED, Effect.RETURNED):
            payout_transitions.fail(payout=line.payout, reason=line.reason, now=now, by=by)
    return lines


@transaction.atomic
def mark_paid(*, batch: PayoutBatch, now: datetime, by: User) -> int:
    """Mark every payout of `batch` that is still `sent` as paid, and return how many.

    Raises ValidationError if there is none.
    """
    booking.lock_shared()
    rows = list(batch.payouts.filter(state=State.SENT).select_related("affiliate").order_by("pk"))
    if not rows:
        raise ValidationError(_("No payout of this batch is waiting for its result."))
    payout_transitions.pay_many([(payout, PAID_IN_FULL) for payout in rows], now=now, by=by)
    total = sum((payout.amount for payout in rows), Decimal("0.00"))
    after = {"payouts": len(rows), "total": total}
    trail.record(action="payout batch marked paid", subject=batch, now=now, by=by, after=after, reason=PAID_IN_FULL)
    return len(rows)


def _read_rows(content: bytes) -> list[CsvRow]:
    try:
        rows = list(read_csv(io.BytesIO(content)))
        if not rows or [cell.lower() for cell in rows[0].cells] != COLUMNS:
            header = ",".join(COLUMNS)
            raise ValidationError({"file": _("The first line must be: %(header)s") % {"header": header}})
        for row in rows:
            check_width(row, len(COLUMNS))
    except CsvError as error:
        raise ValidationError({"file": str(error)}) from None
    return rows[1:]


def _classify_line(number: int, cells: list[str], payout: Payout | None, repeated: bool) -> ResultLine:
    effect, cause = _get_effect(cells, payout, repeated)
    return ResultLine(number, cells[0], cells[1], cells[2], cells[3], effect, cause, payout)


def _get_effect(cells: list[str], payout: Payout | None, repeated: bool) -> tuple[Effect, str]:
    _reference, result, amount, reason = cells
    if payout is None:
        return Effect.REFUSED, _("reference: no payout has this reference")
    if repeated:
        return Effect.REFUSED, _("reference: this payout is in the file twice")
    if not AMOUNT_PATTERN.fullmatch(amount) or Decimal(amount) != payout.amount:
        return Effect.REFUSED, _("amount: the payout is %(amount)s") % {"amount": f"{payout.amount:.2f}"}
    if result == "paid":
        return _get_paid_effect(payout)
    if result == "failed":
        return _get_failed_effect(payout, reason)
    return Effect.REFUSED, _("result: must be paid or failed")


def _get_paid_effect(payout: Payout) -> tuple[Effect, str]:
    if payout.state == State.SENT:
        return Effect.PAID, ""
    # Even if it was returned later: an older file may be imported again.
    if payout.state == State.PAID or payout.paid_at is not None:
        return Effect.UNCHANGED, ""
    return Effect.REFUSED, _("result: the payout is %(state)s") % {"state": payout.get_state_display()}


def _get_failed_effect(payout: Payout, reason: str) -> tuple[Effect, str]:
    if not reason:
        return Effect.REFUSED, _("reason: enter why the payout failed")
    if payout.state == State.SENT:
        return Effect.FAILED, ""
    if payout.state == State.PAID:
        return Effect.RETURNED, ""
    if payout.state == State.FAILED:
        return Effect.UNCHANGED, ""
    return Effect.REFUSED, _("result: the payout is %(state)s") % {"state": payout.get_state_display()}
