"""Payouts that cannot be sent because of a change since the close, why, and from when they can be (specification 6)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.translation import gettext as _

from affiliates.models import State as AffiliateState
from lib.formatting import format_datetime
from payouts.models import Payout, PayoutDetails, PayoutHold
from payouts.payout_details.methods import METHODS

# How many payouts a message names.
MAX_NAMED = 10


class PayoutBlocker(NamedTuple):
    """A payout of a batch that cannot be sent now, why, and until when, or what to do; the affiliate gets the reason."""

    payout: Payout
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy}"


def cut_named(names: Sequence[str], more_text: str) -> list[str]:
    """Return the first of `names` and `more_text` with the number of the others; all, if just one would be left out."""
    shown = len(names) if len(names) <= MAX_NAMED + 1 else MAX_NAMED
    more = len(names) - shown
    return [*names[:shown], *([more_text % {"more": more}] if more else [])]


def list_blockers(payouts: Sequence[Payout], now: datetime, currency: str) -> list[PayoutBlocker]:
    """Return the payouts that cannot be sent because of a change since the close: staff remove them, or wait."""
    ids = [payout.affiliate_id for payout in payouts]
    newest = dict(
        PayoutDetails.objects.filter(affiliate__in=ids, entered_at__lte=now)
        .order_by("affiliate", "-entered_at", "-id")
        .distinct("affiliate")
        .values_list("affiliate", "pk")
    )
    # A hold without an end counts most: the payout waits for the last of them.
    held = dict(
        PayoutHold.objects.filter(affiliate__in=ids)
        .active(now)
        .order_by("affiliate", F("ends_at").asc(nulls_last=True))
        .values_list("affiliate", "ends_at")
    )
    blockers = []
    for payout in payouts:
        is_newest = newest.get(payout.affiliate_id) == payout.details_id
        found = _find_blocker(payout, is_newest, currency)
        if not found and payout.affiliate_id in held:
            found = _describe_hold(held[payout.affiliate_id])
        if found:
            blockers.append(PayoutBlocker(payout, *found))
    return blockers


def check_blockers(blockers: Sequence[PayoutBlocker], payouts: Sequence[Payout]) -> None:
    """Raise ValidationError that names the payouts that cannot be sent, and what to do about them."""
    if not blockers:
        return
    named = [f"{row.payout.affiliate.code}, {row.payout.reference}: {row}" for row in blockers]
    raise ValidationError([*cut_named(named, _("And %(more)s more.")), describe_choice(blockers, payouts)])


def describe_choice(blockers: Sequence[PayoutBlocker], payouts: Sequence[Payout]) -> str:
    """Say what staff can do about `blockers`, which are some or all of `payouts`."""
    if len(blockers) < len(payouts):
        return _("Remove the unpayable payouts to submit the rest, or wait.")
    return _(
        "No payout of this batch can be sent now, so it cannot be submitted. Wait until one can be sent, or remove"
        " the unpayable payouts: their amounts go back to the balances, and a later month-end close pays them."
    )


def _find_blocker(payout: Payout, details_are_newest: bool, currency: str) -> tuple[str, str] | None:
    """Return why a payout cannot be sent, and what to do."""
    if not details_are_newest:
        return (
            _("The payout details have changed since the close."),
            _("It cannot be sent any more: once removed, its amount is paid to the new details by a later close."),
        )
    if payout.affiliate.state == AffiliateState.SUSPENDED:
        return _("The affiliate is suspended."), _("It can be sent after a reinstatement.")
    method = METHODS[payout.details.method]
    if error := method.get_currency_error(currency) or method.get_holder_error(payout.details.holder):
        return error, _("It can be sent only to other payout details: remove it, and ask the affiliate for them.")
    return None


def _describe_hold(ends_at: datetime | None) -> tuple[str, str]:
    if ends_at is None:
        return _("The affiliate's payouts are on hold."), _("It can be sent once the hold is released.")
    at = {"at": format_datetime(ends_at, "UTC")}
    return (
        _("The e-mail address of the account was changed, so payouts are on hold until %(at)s.") % at,
        _("It can be sent from then on."),
    )
