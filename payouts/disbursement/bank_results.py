"""Results of payouts, a CSV from the bank or provider: previewed, then imported (specification 6)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.program_currency import get_program_currency
from audit import trail
from lib.csv_columns import ColumnMapping
from lib.csv_values import Unreadable, parse_amount
from payouts.disbursement import payout_transitions
from payouts.disbursement.results_file import Result, ResultRow, read_results, read_word
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch

State = Payout.State
# The audit reason of payouts that are marked paid without a results file.
PAID_IN_FULL = "The bank or provider paid the whole batch."
# The field of a row and what is wrong with it; "" for the row as a whole.
Cause = tuple[str, str]


class Effect(StrEnum):
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


_FAILED_EFFECTS: Mapping[str, Effect] = {
    State.SENT: Effect.FAILED, State.PAID: Effect.RETURNED, State.FAILED: Effect.UNCHANGED,
}  # fmt: skip


class ResultLine(NamedTuple):
    """One line of the file and its effect; `causes` is why it is refused or changes nothing, as (field, cause)."""

    number: int
    reference: str
    result: str
    amount: str
    reason: str
    effect: Effect
    causes: Sequence[Cause]
    payout: Payout | None

    @property
    def cause(self) -> str:
        return "; ".join(f"{field}: {cause}" if field else cause for field, cause in self.causes)


def preview_results(content: bytes, mapping: ColumnMapping | None = None) -> list[ResultLine]:
    """Return what each line of the file would do, without changing anything.

    Without `mapping` the columns are recognized by their headings. Raises ValidationError for the field `file` if it
    cannot be read.
    """
    rows = read_results(content, mapping)
    wanted = {row.reference for row in rows}
    currency = get_program_currency()
    payouts = {
        payout.reference: payout for payout in Payout.objects.filter(reference__in=wanted).select_related("affiliate")
    }
    seen: set[str] = set()
    lines = []
    for row in rows:
        payout = payouts.get(row.reference)
        repeated = payout is not None and row.reference in seen
        effect, causes = _get_effect(row, payout, list(_find_problems(row, payout, repeated, currency)))
        lines.append(
            ResultLine(row.line, row.reference, row.word, row.amount or "", row.reason, effect, causes, payout)
        )
        seen.add(row.reference)
    return lines


def list_missing_payouts(lines: Sequence[ResultLine]) -> list[Payout]:
    """Return the payouts that wait for a result, in the batches that the lines are about, and have no line."""
    found = [line.payout for line in lines if line.payout is not None]
    waiting = Payout.objects.filter(state=State.SENT, batch__in={payout.batch_id for payout in found})
    rows = waiting.exclude(pk__in=[payout.pk for payout in found]).select_related("affiliate", "details")
    return list(rows.order_by("reference"))


@transaction.atomic
def import_results(
    *, content: bytes, mapping: ColumnMapping | None = None, now: datetime, by: User
) -> list[ResultLine]:
    """Book the results: payouts that were paid, failed, or were returned after they had been paid (specification 6).

    A line with an unknown reference, another amount or an impossible result is refused and changes nothing; the other
    lines count. Importing the same file again changes nothing. Return the effect of each line.
    """
    booking.lock_shared()
    wanted = [row.reference for row in read_results(content, mapping)]
    # Locked in one order, so that of two imports at once the second waits and sees what the first did.
    list(Payout.objects.filter(reference__in=wanted).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    lines = preview_results(content, mapping)
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


def _get_effect(row: ResultRow, payout: Payout | None, problems: list[Cause]) -> tuple[Effect, list[Cause]]:
    if payout is None or problems:
        return Effect.REFUSED, problems
    result = read_word(row.word)
    if result is Result.PAID:
        # Even if it was returned later: an older file may be imported again.
        return (Effect.PAID if payout.state == State.SENT else Effect.UNCHANGED), []
    if result is Result.FAILED:
        return _FAILED_EFFECTS[payout.state], []
    return Effect.UNCHANGED, [("", _("“%(word)s” is no final result") % {"word": row.word})]


def _find_problems(row: ResultRow, payout: Payout | None, repeated: bool, currency: str) -> Iterator[Cause]:
    """Yield why the row is refused."""
    if payout is None:
        yield "reference", _("no payout has this reference")
    elif repeated:
        yield "reference", _("this payout is in the file twice")
    if payout is not None:
        yield from _find_amount_problems(row, payout, currency)
    result = read_word(row.word)
    if result is None:
        yield "result", _("“%(word)s” is unknown; use paid or failed") % {"word": row.word[:60]}
    elif payout is not None and not repeated and not _is_possible(result, payout):
        yield "result", _("the payout is %(state)s") % {"state": payout.get_state_display()}
    if result is Result.FAILED and not row.reason:
        yield "reason", _("enter why the payout failed")


def _find_amount_problems(row: ResultRow, payout: Payout, currency: str) -> Iterator[Cause]:
    """Yield why the amount of the row, if it has one, is not that of the payout."""
    if row.currency and row.currency.upper() != currency:
        yield "currency", _("the payout is in %(currency)s") % {"currency": currency}
    if row.amount is None:
        return
    try:
        amount = parse_amount(row.amount, currency) if row.amount else ""
    except Unreadable as error:
        yield "amount", str(error)
        return
    if not amount or Decimal(amount) != payout.amount:
        yield "amount", _("the payout is %(amount)s") % {"amount": f"{payout.amount:.2f}"}


def _is_possible(result: Result, payout: Payout) -> bool:
    if result is Result.PAID:
        return payout.state in (State.SENT, State.PAID) or payout.paid_at is not None
    return result is Result.SENT or payout.state in _FAILED_EFFECTS
