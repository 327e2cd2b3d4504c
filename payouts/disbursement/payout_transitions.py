"""Payouts paid, failed, returned, cancelled and reissued, each as a ledger transaction (specification 6 and 7)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from affiliates.models import State as AffiliateState
from audit import trail
from lib.ids import uuid7
from lib.reasons import require_reason
from payouts.commissions import holds
from payouts.disbursement import approval, emails
from payouts.disbursement.blockers import PayoutBlocker
from payouts.ledger import booking
from payouts.models import Account, Payout, PayoutBatch, PayoutHold
from payouts.payout_details.details import get_current_details, get_usable_from

State = Payout.State
BANK_CONFIRMED = "Confirmed by the bank or provider."
MAX_REASON_LENGTH = 300

# A payout and the reason for its change.
PayoutReason = tuple[Payout, str]


def pay(*, payout: Payout, now: datetime, by: User | None, reason: str = BANK_CONFIRMED) -> None:
    """Record that a sent payout arrived: out of transit, out of cash."""
    pay_many([(payout, reason)], now=now, by=by)


@transaction.atomic
def pay_many(payouts: Sequence[PayoutReason], *, now: datetime, by: User | None) -> None:
    """Do what `pay` does for thousands at once: for all of them or, if one is refused, for none."""
    booking.lock_shared()
    _transition_payouts(payouts, (State.SENT,), State.PAID, now=now, by=by, paid_at=now)
    bookings = [
        booking.NewTransaction(
            source=f"payout:{payout.pk}:paid",
            kind="payout paid",
            entries=[
                (Account.PAYOUTS_IN_TRANSIT, payout.affiliate, payout.amount),
                (Account.CASH, payout.affiliate, -payout.amount),
            ],
            memo=payout.reference,
        )
        for payout, _reason in payouts
    ]
    booking.post_transactions(bookings, now=now, by=by)


@transaction.atomic
def fail(*, payout: Payout, reason: str, now: datetime, by: User | None) -> None:
    """Record that a sent payout failed or a paid one was returned: its amount goes back to the affiliate's balance.

    The affiliate is notified with the reason. Raises ValidationError without a reason, and IllegalTransition for a
    payout that is neither sent nor paid.
    """
    booking.lock_shared()
    reason = require_reason(reason, max_length=MAX_REASON_LENGTH)
    _return_to_balance(payout, (State.SENT, State.PAID), State.FAILED, reason, now, by)


@transaction.atomic
def cancel(*, payout: Payout, reason: str, now: datetime, by: User) -> None:
    """Cancel a payout that is not sent yet: its amount goes back to the affiliate's balance.

    A batch that was submitted or approved is a draft again, because its approval covered another list. Raises
    ValidationError without a reason, and IllegalTransition if the payout was sent.
    """
    booking.lock_shared()
    reason = require_reason(reason, max_length=MAX_REASON_LENGTH)
    batch = PayoutBatch.objects.select_for_update().get(pk=payout.batch_id)
    _return_to_balance(payout, approval.UNSENT_STATES, State.CANCELLED, reason, now, by)
    if batch.state in (PayoutBatch.State.SUBMITTED, PayoutBatch.State.APPROVED):
        draft_reason = _("Payout %(reference)s was cancelled.") % {"reference": payout.reference}
        approval.return_to_draft(batch=batch, reason=draft_reason, now=now, by=by)
    if batch.state == PayoutBatch.State.DRAFT and not batch.payouts.filter(state__in=approval.UNSENT_STATES).exists():
        approval.transition_batch(
            batch,
            (PayoutBatch.State.DRAFT,),
            now=now,
            by=by,
            reason=_("Every payout of the batch was cancelled."),
            state=PayoutBatch.State.CANCELLED,
        )


@transaction.atomic
def hold(*, payout: Payout, reason: str, now: datetime, by: User) -> None:
    """Cancel a payout that is not sent yet, and hold the affiliate's payouts until the hold is released.

    Then staff reissue it, or the next close pays the balance. The affiliate reads the reason. Raises as `cancel` does.
    """
    booking.lock_shared()
    cancel(payout=payout, reason=reason, now=now, by=by)
    source = f"payout:{payout.reference}"
    holds.hold_payouts(affiliate=payout.affiliate, source=source, reason=reason.strip(), now=now, by=by)


@transaction.atomic
def remove_unpayable(*, batch: PayoutBatch, now: datetime, by: User) -> list[PayoutBlocker]:
    """Cancel each payout of `batch` that cannot be sent now, with its blocker as the reason, and return the blockers.

    The rest stays; if the batch was submitted or approved, it is a draft again, to be approved over a new digest
    (specification 6). Raises IllegalTransition if the batch was sent, and ValidationError if every payout can be sent.
    """
    booking.lock_shared()
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in approval.UNSENT_BATCH_STATES:
        raise IllegalTransition(_("This batch was sent or cancelled: no payout can be removed from it."))
    blockers = approval.list_batch_blockers(row, now)
    if not blockers:
        raise ValidationError(_("Every payout of this batch can be sent."))
    for blocker in blockers:
        cancel(payout=blocker.payout, reason=blocker.reason, now=now, by=by)
    batch.refresh_from_db()
    return blockers


@transaction.atomic
def reissue(*, payout: Payout, reason: str, now: datetime, by: User) -> Payout:
    """Create a payout in place of one that came back, with its own reference and the newest details (specification 6).

    It must be submitted and approved like any other. Raises IllegalTransition if the old payout did not come back,
    and ValidationError if it was reissued before, if a close has put it on a statement, or if the affiliate cannot be
    paid now.
    """
    booking.lock_shared()
    old = Payout.objects.select_for_update(of=("self",)).select_related("affiliate").get(pk=payout.pk)
    reason = require_reason(reason)
    require_uninvolved(by, [old.affiliate])
    _check_reissue(old)
    details = get_current_details(old.affiliate, now)
    if details is None or details.confirmed_at is None or get_usable_from(details, now) > now:
        raise ValidationError(_("The affiliate has no payout details that are usable now."))
    if PayoutHold.objects.filter(affiliate=old.affiliate_id).active(now).exists():
        raise ValidationError(_("The affiliate's payouts are on hold."))
    if old.affiliate.state not in (AffiliateState.ACTIVE, AffiliateState.LEAVING, AffiliateState.TERMINATED):
        raise ValidationError(
            _("The affiliate cannot be paid: their status is %(state)s.") % {"state": old.affiliate.get_state_display()}
        )
    batch = PayoutBatch.objects.create(name=f"Retry of {old.reference}"[:100], created_at=now)
    key = uuid7()
    new = Payout.objects.create(
        id=key,
        affiliate=old.affiliate,
        batch=batch,
        replaces=old,
        details=details,
        amount=old.amount,
        reference=_build_reference(key),
        created_at=now,
    )
    booking.post_transaction(
        source=f"payout:{new.pk}:issued",
        kind="payout reissued",
        entries=[
            (Account.AFFILIATE_PAYABLE, new.affiliate, new.amount),
            (Account.PAYOUTS_IN_TRANSIT, new.affiliate, -new.amount),
        ],
        now=now,
        by=by,
        memo=new.reference,
    )
    after = {"reference": new.reference, "amount": new.amount, "in place of": old.reference}
    trail.record(action="payout reissued", subject=new, now=now, by=by, after=after, reason=reason)
    return new


def _build_reference(payout_id: UUID) -> str:
    """Return the reference of a payout at the bank or provider: 30 letters and digits made from its id.

    PayPal takes 30 characters and SEPA 35, so the last four hexadecimal digits are left out. The database keeps
    references unique.
    """
    return f"AC{payout_id.hex[:28]}".upper()


def _check_reissue(old: Payout) -> None:
    if old.state not in (State.FAILED, State.CANCELLED):
        raise IllegalTransition(_("Only a failed or cancelled payout can be paid again."))
    if old.returned_statement_id is not None:
        raise ValidationError(_("This amount is on a statement already. The next payout includes it."))
    if Payout.objects.filter(replaces=old).exists():
        raise ValidationError(_("This payout has been paid again already."))


def _return_to_balance(
    payout: Payout, expected: tuple[str, ...], to: str, reason: str, now: datetime, by: User | None
) -> None:
    [before] = _transition_payouts([(payout, reason)], expected, to, now=now, by=by, returned_at=now, failure=reason)
    kind = "payout returned" if before == State.PAID else f"payout {to}"
    # A paid payout has left transit for cash, so a returned one comes back from cash.
    source_account = Account.CASH if before == State.PAID else Account.PAYOUTS_IN_TRANSIT
    booking.post_transaction(
        source=f"payout:{payout.pk}:returned",
        kind=kind,
        entries=[
            (source_account, payout.affiliate, payout.amount),
            (Account.AFFILIATE_PAYABLE, payout.affiliate, -payout.amount),
        ],
        now=now,
        by=by,
        # The reason may name the payee; ledger rows are never changed, so it is kept on the payout alone.
        memo=payout.reference,
    )
    emails.send_payout_failed(payout=payout, returned=before == State.PAID, now=now)


def _describe_impossible(payout: Payout, to: Payout.State) -> str:
    if to == State.CANCELLED and payout.state in (State.SENT, State.PAID):
        return _("Payout %s has already been sent, so it cannot be cancelled.") % payout.reference
    text = _("Payout %(reference)s is %(state)s, so it cannot be marked as %(to)s.")
    return text % {"reference": payout.reference, "state": payout.get_state_display(), "to": to.label}


def _transition_payouts(
    payouts: Sequence[PayoutReason],
    expected: tuple[str, ...],
    to: str,
    *,
    now: datetime,
    by: User | None,
    **values: object,
) -> list[str]:
    """Change the payouts from one of the `expected` states to `to`, and return their states before.

    Raises IllegalTransition, without any change, if a payout is in another state or is listed twice.
    """
    require_uninvolved(by, (payout.affiliate for payout, _reason in payouts))
    ids = [payout.pk for payout, _reason in payouts]
    # Locked in one order, so that two transactions wait for each other.
    rows = Payout.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    before = {row.pk: row for row in rows}
    for row in before.values():
        if row.state not in expected:
            raise IllegalTransition(_describe_impossible(row, State(to)))
    if Payout.objects.filter(pk__in=ids, state__in=expected).update(state=to, **values) != len(ids):
        raise IllegalTransition(_("A payout is listed twice or no longer exists."))
    trail.record_many(
        trail.build_record(
            action=f"payout {to}",
            subject=row,
            now=now,
            by=by,
            before={"state": row.state},
            after={"state": to, "reference": row.reference, "amount": row.amount},
            reason=reason,
        )
        for row, reason in ((before[payout.pk], reason) for payout, reason in payouts)
    )
    for payout, _reason in payouts:
        for name, value in {"state": to, **values}.items():
            setattr(payout, name, value)
    return [before[pk].state for pk in ids]
