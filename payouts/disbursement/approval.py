"""Batches of payouts: submitted by one member of staff, approved by another over a digest (CONTRACT 6).

What follows an approval has modules of its own: `exports` (the file), `results` (what the bank said) and `returns`
(cancelled, failed, issued anew). They are offered here too, so that the story has one door.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import State as Standing
from agreements.program_currency import program_currency
from audit import trail
from payouts.errors import NeedsAnotherPerson
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch, PayoutDetails, PayoutHold
from payouts.payout_details.encryption import decrypt, fingerprint
from payouts.payout_details.methods import METHODS

State = PayoutBatch.State
LIVE = (Payout.State.DRAFT, Payout.State.SUBMITTED, Payout.State.APPROVED)
LIVE_BATCH = (State.DRAFT, State.SUBMITTED, State.APPROVED)
# So many obstacles are named in a message.
MOST_NAMED = 10


class Obstacle(NamedTuple):
    """Why a payout of a batch may not be sent now."""

    payout: Payout
    why: str


class Summary(NamedTuple):
    """What an approver is shown, and the digest over exactly that."""

    payouts: Sequence[Payout]
    total: Decimal
    currency: str
    digest: str
    obstacles: Sequence[Obstacle]


def summary(batch: PayoutBatch, now: datetime) -> Summary:
    """The payouts of `batch` that are to be paid, their total, the digest and what stands against any of them."""
    rows, currency = _rows(batch), program_currency()
    return Summary(
        payouts=rows,
        total=sum((row.amount for row in rows), Decimal("0.00")),
        currency=currency,
        digest=digest_of(rows, currency),
        obstacles=obstacles(rows, now, currency),
    )


def digest_of(payouts: Sequence[Payout], currency: str) -> str:
    """SHA-256 over payees, amounts in `currency` and destinations, in order of reference (CONTRACT 6).

    The destination is read from the ciphertext itself, so that exchanging it in the database is found too.
    """
    parts = [
        [
            payout.reference,
            str(payout.affiliate_id),
            payout.details.holder,
            f"{payout.amount:.2f}",
            currency,
            payout.details.method,
            fingerprint(decrypt(payout.details.encrypted)),
        ]
        for payout in sorted(payouts, key=lambda payout: payout.reference)
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def obstacles(payouts: Sequence[Payout], now: datetime, currency: str) -> list[Obstacle]:
    """What changed since the close so that a payout may not be sent: staff put it aside, or wait."""
    ids = [payout.affiliate_id for payout in payouts]
    newest = dict(
        PayoutDetails.objects.filter(affiliate__in=ids, entered_at__lte=now)
        .order_by("affiliate", "-entered_at", "-id")
        .distinct("affiliate")
        .values_list("affiliate", "pk")
    )
    held = set(
        PayoutHold.objects.filter(affiliate__in=ids, released_at__isnull=True).values_list("affiliate", flat=True)
    )
    found = []
    for payout in payouts:
        is_newest = newest.get(payout.affiliate_id) == payout.details_id
        why = _against(payout, is_newest, payout.affiliate_id in held, currency)
        if why:
            found.append(Obstacle(payout, why))
    return found


def obstacles_of(batch: PayoutBatch, now: datetime) -> list[Obstacle]:
    """`obstacles` of the payouts of `batch` that are to be paid."""
    return obstacles(_rows(batch), now, program_currency())


@transaction.atomic
def submit(*, batch: PayoutBatch, now: datetime, by: User) -> None:
    """Hand the drafts of `batch` to an approver; refuses an empty batch and one with a payout that may not be sent."""
    booking.gate()
    shown = summary(batch, now)
    if not shown.payouts:
        raise ValidationError(_("There is nothing to pay in this batch."))
    _refuse_obstacles(shown)
    why = _what_is_paid(shown)
    move(batch, (State.DRAFT,), now=now, by=by, reason=why, state=State.SUBMITTED, submitted_at=now, submitted_by=by)
    batch.payouts.filter(state=Payout.State.DRAFT).update(state=Payout.State.SUBMITTED)


@transaction.atomic
def approve(*, batch: PayoutBatch, digest: str, now: datetime, by: User) -> None:
    """Approve what was shown with `digest`; refuses the submitter, and a batch that is no longer what was shown."""
    booking.gate()
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.submitted_by_id == by.pk:
        raise NeedsAnotherPerson(_("You submitted these payouts: somebody else has to approve them."))
    shown = summary(row, now)
    if digest != shown.digest:
        raise ValidationError(_("The payouts have changed since you looked at them. Look at them again."))
    _refuse_obstacles(shown)
    values: dict[str, Any] = {"approved_at": now, "approved_by": by, "digest": digest}
    move(batch, (State.SUBMITTED,), now=now, by=by, reason=_what_is_paid(shown), state=State.APPROVED, **values)
    batch.payouts.filter(state=Payout.State.SUBMITTED).update(state=Payout.State.APPROVED)


@transaction.atomic
def back_to_draft(*, batch: PayoutBatch, reason: str, now: datetime, by: User | None) -> None:
    """Void the submission and the approval of `batch`, with the reason; refuses one that was exported."""
    booking.gate()
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason.")})
    cleared: dict[str, Any] = {
        "submitted_at": None,
        "submitted_by": None,
        "approved_at": None,
        "approved_by": None,
        "digest": "",
    }
    move(batch, (State.SUBMITTED, State.APPROVED), now=now, by=by, reason=reason, state=State.DRAFT, **cleared)
    batch.payouts.filter(state__in=LIVE).update(state=Payout.State.DRAFT)


def move(
    batch: PayoutBatch, expected: Sequence[str], *, now: datetime, by: User | None, reason: str = "", **values: Any
) -> None:
    """Guarded change of `batch` from one of the `expected` states, with its audit record, or IllegalTransition."""
    before = batch.state
    if not PayoutBatch.objects.filter(pk=batch.pk, state__in=expected).update(**values):
        raise IllegalTransition(_("This batch is not in a state in which that can be done; look at it again."))
    for name, value in values.items():
        setattr(batch, name, value)
    trail.record(
        action=f"payout batch {batch.state}",
        subject=batch,
        now=now,
        by=by,
        before={"state": before},
        after={"state": batch.state, "digest": batch.digest},
        reason=reason,
    )


def _what_is_paid(shown: Summary) -> str:
    """Why a batch goes on, for the record: what it pays, as it was shown."""
    count = len(shown.payouts)
    return f"To pay {shown.total:.2f} {shown.currency} in {count} payout{'' if count == 1 else 's'}, as shown."


def _rows(batch: PayoutBatch) -> list[Payout]:
    rows = batch.payouts.exclude(state__in=[Payout.State.CANCELLED, Payout.State.FAILED])
    return list(rows.select_related("affiliate", "details").order_by("reference"))


def _against(payout: Payout, details_are_newest: bool, held: bool, currency: str) -> str:
    if not details_are_newest:
        return _("The payout details were changed after the close.")
    if held:
        return _("The affiliate's payouts are on hold.")
    if payout.affiliate.state == Standing.SUSPENDED:
        return _("The affiliate is suspended.")
    return METHODS[payout.details.method].refuse(currency)


def _refuse_obstacles(shown: Summary) -> None:
    if shown.obstacles:
        named = [
            f"{row.payout.affiliate.code}, {row.payout.reference}: {row.why}" for row in shown.obstacles[:MOST_NAMED]
        ]
        more = len(shown.obstacles) - len(named)
        rest = [_("And %(more)s more.") % {"more": more}] if more else []
        raise ValidationError([*named, *rest, _("Put them aside, so that the others can go; or wait.")])
