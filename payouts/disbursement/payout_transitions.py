"""What becomes of a payout: paid, failed, returned, cancelled, issued anew; each a ledger transaction (CONTRACT 6, 7)."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import State as AffiliateState
from audit import trail
from lib.ids import uuid7
from payouts.commissions import holds
from payouts.disbursement import approval, emails
from payouts.disbursement.references import build_reference
from payouts.ledger import booking
from payouts.models import Account, Payout, PayoutBatch
from payouts.payout_details.details import get_current_details

State = Payout.State
BANK_CONFIRMED = "The bank or provider says so."

# A payout, and why it becomes what it becomes.
PayoutReason = tuple[Payout, str]


def pay(*, payout: Payout, now: datetime, by: User | None, reason: str = BANK_CONFIRMED) -> None:
    """Record that a sent payout arrived, and who says so as the reason: out of transit, out of cash."""
    pay_many([(payout, reason)], now=now, by=by)


@transaction.atomic
def pay_many(said: Sequence[PayoutReason], *, now: datetime, by: User | None) -> None:
    """`pay` for thousands at once: all of them or, refused, none."""
    booking.lock_shared()
    _transition_payouts(said, (State.SENT,), State.PAID, now=now, by=by, paid_at=now)
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
        for payout, _reason in said
    ]
    booking.post_transactions(bookings, now=now, by=by)


@transaction.atomic
def fail(*, payout: Payout, reason: str, now: datetime, by: User | None) -> None:
    """Record that a sent payout failed, or that a paid one was returned: its amount is the affiliate's again.

    Refuses without a reason; the affiliate is told. A payout that came back does so once.
    """
    booking.lock_shared()
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it failed.")})
    _return_to_balance(payout, (State.SENT, State.PAID), State.FAILED, reason.strip()[:300], now, by)


@transaction.atomic
def cancel(*, payout: Payout, reason: str, now: datetime, by: User) -> None:
    """Take a payout that was not sent yet back to the balance; refuses without a reason, and one that was sent.

    The approval of its batch is void with it: it covered another list.
    """
    booking.lock_shared()
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason.")})
    batch = PayoutBatch.objects.select_for_update().get(pk=payout.batch_id)
    _return_to_balance(payout, approval.UNSENT_STATES, State.CANCELLED, reason.strip()[:300], now, by)
    if batch.state in (PayoutBatch.State.SUBMITTED, PayoutBatch.State.APPROVED):
        why = _("Payout %(reference)s was cancelled.") % {"reference": payout.reference}
        approval.return_to_draft(batch=batch, reason=why, now=now, by=by)
    if batch.state == PayoutBatch.State.DRAFT and not batch.payouts.filter(state__in=approval.UNSENT_STATES).exists():
        approval.transition_batch(
            batch,
            (PayoutBatch.State.DRAFT,),
            now=now,
            by=by,
            reason=_("Every payout in it was cancelled."),
            state=PayoutBatch.State.CANCELLED,
        )


@transaction.atomic
def hold(*, payout: Payout, reason: str, now: datetime, by: User) -> None:
    """Take a payout that was not sent yet back to the balance, and pay the affiliate nothing until the hold is released.

    Then staff issue it anew, or the next close pays it. Refuses as `cancel` does; the reason is the affiliate's to read.
    """
    booking.lock_shared()
    cancel(payout=payout, reason=reason, now=now, by=by)
    source = f"payout:{payout.reference}"
    holds.hold_payouts(affiliate=payout.affiliate, source=source, reason=reason.strip(), now=now, by=by)


@transaction.atomic
def remove_unpayable(*, batch: PayoutBatch, now: datetime, by: User) -> list[approval.PayoutBlocker]:
    """Take each payout of `batch` that may not be sent now back to the balance, with what stands against it as its reason.

    The others stay; if the batch was submitted or approved, it is a draft again, and they are submitted anew over a digest of
    their own (CONTRACT 6). Refuses a batch that was sent, and one in which nothing stands in the way.
    """
    booking.lock_shared()
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in approval.UNSENT_BATCH_STATES:
        raise IllegalTransition(_("This batch was sent or cancelled: nothing of it can be put aside."))
    found = approval.list_batch_blockers(row, now)
    if not found:
        raise ValidationError(_("Nothing stands in the way of any payout of this batch."))
    for obstacle in found:
        cancel(payout=obstacle.payout, reason=obstacle.reason, now=now, by=by)
    batch.refresh_from_db()
    return found


@transaction.atomic
def reissue(*, payout: Payout, reason: str, now: datetime, by: User) -> Payout:
    """A new payout in place of one that came back, under its own reference and to the newest details (CONTRACT 6).

    It needs submitting and approving like any other. Refuses one that did not come back, that was issued anew already or that
    a close has put back on a statement, and an affiliate who can't be paid now.
    """
    booking.lock_shared()
    old = Payout.objects.select_for_update(of=("self",)).select_related("affiliate").get(pk=payout.pk)
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason.")})
    _check_reissue(old)
    details = get_current_details(old.affiliate, now)
    if details is None or details.confirmed_at is None or details.usable_from > now:
        raise ValidationError(_("The affiliate has no payout details that can be used now."))
    if old.affiliate.payout_holds.filter(released_at__isnull=True).exists():
        raise ValidationError(_("The affiliate's payouts are on hold."))
    if old.affiliate.state not in (AffiliateState.ACTIVE, AffiliateState.LEAVING, AffiliateState.TERMINATED):
        raise ValidationError(
            _("The affiliate cannot be paid: they are %(state)s.") % {"state": old.affiliate.get_state_display()}
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
        reference=build_reference(key),
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
        memo=f"{new.reference}: {reason.strip()}"[:300],
    )
    after = {"reference": new.reference, "amount": new.amount, "in place of": old.reference}
    trail.record(action="payout reissued", subject=new, now=now, by=by, after=after, reason=reason)
    return new


def _check_reissue(old: Payout) -> None:
    if old.state not in (State.FAILED, State.CANCELLED):
        raise IllegalTransition(_("Only a payout that failed or was cancelled can be issued anew."))
    if old.returned_statement_id is not None:
        raise ValidationError(_("A close has put this amount back on a statement; the next payout includes it."))
    if Payout.objects.filter(replaces=old).exists():
        raise ValidationError(_("This payout was issued anew already."))


def _return_to_balance(
    payout: Payout, expected: tuple[str, ...], to: str, reason: str, now: datetime, by: User | None
) -> None:
    [before] = _transition_payouts([(payout, reason)], expected, to, now=now, by=by, returned_at=now, failure=reason)
    kind = "payout returned" if before == State.PAID else f"payout {to}"
    # A returned payment comes out of cash, where the payment had gone; before that it was still in transit.
    taken_from = Account.CASH if before == State.PAID else Account.PAYOUTS_IN_TRANSIT
    booking.post_transaction(
        source=f"payout:{payout.pk}:returned",
        kind=kind,
        entries=[
            (taken_from, payout.affiliate, payout.amount),
            (Account.AFFILIATE_PAYABLE, payout.affiliate, -payout.amount),
        ],
        now=now,
        by=by,
        memo=reason,
    )
    emails.send_payout_failed(payout=payout, returned=before == State.PAID, now=now)


def _transition_payouts(
    said: Sequence[PayoutReason],
    expected: tuple[str, ...],
    to: str,
    *,
    now: datetime,
    by: User | None,
    **values: object,
) -> list[str]:
    """The states that they had before. IllegalTransition, and nothing is changed, where one is not as `expected`, or is
    named twice."""
    wanted = [payout.pk for payout, _reason in said]
    # Locked in one order, so that two at once wait for each other.
    rows = Payout.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    before = {row.pk: row for row in rows}
    for row in before.values():
        if row.state not in expected:
            message = _("Payout %(reference)s is %(state)s: it cannot become %(to)s.")
            names = {"reference": row.reference, "state": row.get_state_display(), "to": State(to).label}
            raise IllegalTransition(message % names)
    if Payout.objects.filter(pk__in=wanted, state__in=expected).update(state=to, **values) != len(wanted):
        raise IllegalTransition(_("A payout is named twice, or is not there any more."))
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
        for row, reason in ((before[payout.pk], reason) for payout, reason in said)
    )
    for payout, _reason in said:
        for name, value in {"state": to, **values}.items():
            setattr(payout, name, value)
    return [before[pk].state for pk in wanted]
