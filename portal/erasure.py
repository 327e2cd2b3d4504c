"""Erasure of personal data (specification 9): what it waits for, requests, and carrying them out.

Personal fields are erased; the ledger, acceptances and decided reviews stay under a pseudonym. What is kept beside
them, and until when, is in `personal_data.retention`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate, State
from affiliates.notifications import notify
from agreements.applicable_version import cite_applicable_clause
from agreements.program_currency import get_program_currency
from agreements.rules import Rule
from audit import trail
from compliance.models import Review
from lib.formatting import format_datetime_for, format_money
from lib.triggers import allow_redaction
from mail.models import Message
from mail.rendering import override_language
from payouts.ledger import booking
from payouts.models import Adjustment, Commission, Payout
from portal.models import ErasureRequest
from portal.personal_data.erasing import erase_personal_fields

# The announcement of the erasure is given this long to be sent; then it is erased with the rest.
ANNOUNCEMENT_TIMEOUT = timedelta(days=1)


class Blocker(NamedTuple):
    """Something open that an erasure waits for, in words for the affiliate and for staff."""

    for_affiliate: str
    for_staff: str


def list_blockers(affiliate: Affiliate, now: datetime) -> list[str]:
    """Return what must happen before `affiliate` can be erased, as text for them; empty if nothing is left."""
    return [blocker.for_affiliate for blocker in find_blockers(affiliate, now)]


def find_blockers(affiliate: Affiliate, now: datetime) -> Iterator[Blocker]:
    """Yield everything that is open: participation, balance, payouts, commissions, adjustments, reviews."""
    yield from _find_participation(affiliate)
    yield from _find_balance(affiliate)
    payouts = Payout.objects.for_affiliate(affiliate).filter(state__in=Payout.UNDER_WAY)
    for payout in payouts.order_by("created_at"):
        values = {"amount": _format_amount(payout.amount), "state": payout.get_state_display()}
        yield Blocker(
            _("A payout of %(amount)s to you is still under way.") % values,
            _("A payout of %(amount)s is under way (%(state)s): the deletion waits for its result.") % values,
        )
    yield from _find_commissions(affiliate)
    for adjustment in Adjustment.objects.filter(affiliate=affiliate, statement=None).exclude(
        state=Adjustment.State.REJECTED
    ):
        values = {"amount": _format_amount(adjustment.amount), "state": adjustment.get_state_display()}
        yield Blocker(
            _("An adjustment of %(amount)s to your balance is not settled yet.") % values,
            _(
                "An adjustment of %(amount)s (%(state)s) has not been settled by a close yet. A proposed one has to be"
                " approved or rejected; the next close settles an approved one."
            )
            % values,
        )
    for review in Review.objects.for_affiliate(affiliate).open():
        yield _describe_review(review, affiliate)


def _find_commissions(affiliate: Affiliate) -> Iterator[Blocker]:
    rows = Commission.objects.for_affiliate(affiliate).filter(amount__gt=0, statement_lines=None)
    found = rows.aggregate(sum=Sum("amount"), last=Max("validates_at"), running=Count("pk", Q(validates_at=None)))
    if found["sum"] is None:
        return
    values = {"sum": _format_amount(found["sum"])}
    if found["running"] or not found["last"]:
        until = _("Not all of their orders are complete, so it is not known yet when.")
    else:
        until = _("The last holding period ends on %(at)s.") % {"at": format_datetime_for(found["last"], affiliate)}
    yield Blocker(
        _("Some of your commissions are not settled yet."),
        _("Commissions of %(sum)s are not settled yet: a close settles each after its holding period.") % values
        + f" {until}",
    )


def _find_participation(affiliate: Affiliate) -> Iterator[Blocker]:
    state = State(affiliate.state)
    if state is State.APPLIED:
        yield Blocker(
            _("We have not decided your application yet."), _("The application is not decided: decide it first.")
        )
    elif state is State.LEAVING and affiliate.notice_ends_at:
        ends_at = {"at": format_datetime_for(affiliate.notice_ends_at, affiliate)}
        yield Blocker(
            _("Your notice runs until %(at)s.") % ends_at, _("The affiliate is leaving until %(at)s.") % ends_at
        )
    elif state not in (State.TERMINATED, State.REJECTED):
        yield Blocker(
            _("You are still in the program: leave the program first."),
            _("The affiliate is still in the program: they leave it, or you give notice."),
        )
    if affiliate.user.is_staff:
        text = _("The account also belongs to a member of staff. Remove its staff rights first.")
        yield Blocker(text, text)


def _find_balance(affiliate: Affiliate) -> Iterator[Blocker]:
    balance = booking.get_balance(affiliate)
    values = {"balance": _format_amount(balance)}
    if balance > 0:
        yield Blocker(
            _(
                "Your balance is %(balance)s and must be 0.00. A monthly close pays it out once you can be paid: with"
                " confirmed payout details and no hold on payouts."
            )
            % values,
            _("The balance is %(balance)s. A close pays it out once the affiliate can be paid.") % values,
        )
    elif balance < 0:
        yield Blocker(
            _(
                "Your balance is %(balance)s and must be 0.00. No payout settles a negative balance. Write to us: our"
                " staff decide whether to write it off."
            )
            % values,
            _(
                "The balance is %(balance)s. No payout settles it: propose a write-off, which a second person approves"
                " and the next close posts."
            )
            % values,
        )


def _describe_review(review: Review, affiliate: Affiliate) -> Blocker:
    values = {"at": format_datetime_for(review.appeal_by, affiliate) if review.appeal_by else ""}
    if review.state == Review.State.APPEALED:
        return Blocker(_("Your appeal is not decided yet."), _("An appeal is not decided: a reviewer decides it."))
    if review.state == Review.State.DECIDED:
        return Blocker(
            _("You may appeal the decision of a review until %(at)s.") % values,
            _("The affiliate may appeal the decision of a review until %(at)s.") % values,
        )
    return Blocker(_("A review is still open."), _("A review is open: a reviewer decides it."))


def _format_amount(amount: Decimal) -> str:
    return format_money(amount, get_program_currency())


@transaction.atomic
def request_erasure(
    *, affiliate: Affiliate, now: datetime, by: User | None, reason: str = "Requested by the affiliate."
) -> ErasureRequest:
    """Store the request, which is carried out once nothing is open; a repeated request changes nothing.

    The affiliate is notified of what it waits for.
    """
    request, created = ErasureRequest.objects.get_or_create(affiliate=affiliate, defaults={"requested_at": now})
    if created:
        trail.record(action="erasure requested", subject=affiliate, now=now, by=by, reason=reason)
        with override_language(affiliate.language):
            blockers = list_blockers(affiliate, now)
        context = {"blockers": blockers, "clause": cite_applicable_clause(affiliate, Rule.ERASURE, now)}
        notify(affiliate=affiliate, kind="deletion_requested", key=str(request.pk), context=context)
    return request


@transaction.atomic
def withdraw_request(*, affiliate: Affiliate, now: datetime, by: User | None) -> bool:
    """Withdraw a request that is not carried out yet. Return False if there is none."""
    withdrawn, _rows = ErasureRequest.objects.filter(affiliate=affiliate, carried_out_at=None).delete()
    if withdrawn:
        trail.record(
            action="erasure request withdrawn",
            subject=affiliate,
            now=now,
            by=by,
            reason="Withdrawn by the affiliate.",
        )
    return bool(withdrawn)


def carry_out_requests(*, now: datetime) -> int:
    """Erase the affiliates who requested it and of whom nothing is open. Return how many were erased.

    Each is notified first, by an e-mail that is erased with all others once it has been sent.
    """
    pending = ErasureRequest.objects.filter(carried_out_at=None).select_related("affiliate__user")
    return sum(_advance_request(request, now) for request in pending.order_by("requested_at"))


def _advance_request(request: ErasureRequest, now: datetime) -> bool:
    affiliate = request.affiliate
    if affiliate.erased_at is not None or list_blockers(affiliate, now):
        return False
    if request.announced_at is None:
        with transaction.atomic():
            ErasureRequest.objects.filter(pk=request.pk).update(announced_at=now)
            context = {"retention_clause": cite_applicable_clause(affiliate, Rule.RETENTION_YEARS, now)}
            notify(affiliate=affiliate, kind="deletion_announced", key=str(request.pk), context=context)
        return False
    unsent = Message.objects.filter(user=affiliate.user, state=Message.State.WAITING)
    if unsent.exists() and now < request.announced_at + ANNOUNCEMENT_TIMEOUT:
        return False
    erase_affiliate(affiliate=affiliate, now=now, by=None)
    return True


@transaction.atomic
def erase_affiliate(*, affiliate: Affiliate, now: datetime, by: User | None) -> None:
    """Permanently replace the personal fields of `affiliate` with a pseudonym.

    Raises ValidationError with what is open, or if the affiliate was erased before.
    """
    booking.lock_shared()
    affiliate = Affiliate.objects.select_for_update(of=["self"]).select_related("user").get(pk=affiliate.pk)
    if affiliate.erased_at is not None:
        raise ValidationError(_("This affiliate has already been erased."))
    if blockers := list_blockers(affiliate, now):
        raise ValidationError(blockers)
    erase_account(affiliate=affiliate, now=now, by=by, reason="Requested by the affiliate; nothing was open.")


def erase_account(*, affiliate: Affiliate, now: datetime, by: User | None, reason: str) -> None:
    """Erase without a check; the caller holds the lock of the affiliate's row and knows that nothing is open."""
    with allow_redaction():
        erase_personal_fields(affiliate=affiliate, now=now)
    ErasureRequest.objects.filter(affiliate=affiliate, carried_out_at=None).update(
        carried_out_at=now, carried_out_by=by
    )
    trail.record(action="affiliate erased", subject=affiliate, now=now, by=by, reason=reason)
