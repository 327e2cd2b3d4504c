"""Commissions and payouts that a review holds, releases or forfeits (specification 8)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from affiliates.models import Affiliate
from compliance import timeline
from compliance.grounds import get_review_title
from compliance.models import Review, ReviewEvent
from lib.formatting import format_money
from mail.rendering import override_language
from payouts.commissions import forfeiture, holds
from payouts.models import Commission, CommissionHold, PayoutHold


def find_review(source: str) -> Review | None:
    """Return the review that placed a hold of `source`; None if something else did."""
    kind, _colon, pk = source.partition(":")
    return Review.objects.filter(pk=pk).first() if kind == "review" else None


def build_hold_reason(review: Review) -> str:
    """Return the reason for the hold, as shown to the affiliate."""
    title = _("%(title)s, clause %(clause)s of %(version)s") % {
        "title": get_review_title(review),
        "clause": review.clause,
        "version": review.agreement,
    }
    return _("Under review: %(title)s") % {"title": title[:180]}


def validate_commissions(*, affiliate: Affiliate, commissions: Iterable[Commission]) -> list[Commission]:
    """Return `commissions` without duplicates.

    Raises ValidationError if one belongs to another affiliate or is already forfeited.
    """
    wanted = {commission.pk for commission in commissions}
    eligible = list(Commission.objects.for_affiliate(affiliate).filter(pk__in=wanted, forfeited_at__isnull=True))
    if len(eligible) != len(wanted):
        raise ValidationError({"commissions": _("Choose only commissions of this affiliate that are not forfeited.")})
    return eligible


def list_forfeitable_commissions(review: Review) -> QuerySet[Commission]:
    """Return the commissions that `review` names, without those forfeited or credited to another affiliate since."""
    return review.commissions.filter(affiliate=review.affiliate, forfeited_at__isnull=True)


def list_held_commissions(review: Review) -> QuerySet[Commission]:
    """Return the commissions that `review` currently holds."""
    holding = CommissionHold.objects.filter(source=review.source, released_at__isnull=True)
    return Commission.objects.filter(pk__in=holding.values("commission"))


def compute_held_amount(review: Review) -> Decimal:
    """Return the sum of the commissions that `review` currently holds."""
    return list_held_commissions(review).aggregate(sum=Sum("amount"))["sum"] or Decimal("0.00")


def holds_all_payouts(review: Review) -> bool:
    """Return whether `review` currently holds all payouts of its affiliate."""
    return PayoutHold.objects.filter(source=review.source, released_at__isnull=True).exists()


def hold_commissions(
    *, review: Review, commissions: Sequence[Commission], now: datetime, by: User | None
) -> list[Commission]:
    """Hold those of `commissions` that `review` does not hold yet, and return them."""
    holding = set(list_held_commissions(review).values_list("pk", flat=True))
    free = [commission for commission in commissions if commission.pk not in holding]
    if free:
        holds.hold_commissions(commissions=free, source=review.source, reason=build_hold_reason(review), now=now, by=by)
    return free


def hold_all_payouts(*, review: Review, reason: str, now: datetime, by: User | None) -> None:
    """Hold all payouts of the affiliate, with the reason that staff gave."""
    holds.hold_payouts(affiliate=review.affiliate, source=review.source, reason=reason, now=now, by=by)


def release_some(
    *,
    review: Review,
    commissions: Sequence[Commission],
    all_payouts: bool,
    reason: str,
    now: datetime,
    by: User | None,
) -> None:
    """Release what `review` holds of `commissions`, and with `all_payouts` its hold on every payout."""
    holds.release_holds(source=review.source, commissions=commissions, now=now, by=by)
    if all_payouts:
        holds.release_payouts(affiliate=review.affiliate, source=review.source, reason=reason, now=now, by=by)


def append_event(
    review: Review,
    kind: ReviewEvent.Kind,
    commissions: Sequence[Commission],
    all_payouts: bool,
    *,
    reason: str = "",
    now: datetime,
    by: User | None,
) -> None:
    """Append an event with what is held or released, and why, in the affiliate's language: they read it."""
    with override_language(review.affiliate.language):
        parts = []
        if commissions:
            amount = sum((commission.amount for commission in commissions), Decimal("0.00"))
            values = {"count": len(commissions), "amount": format_money(amount, review.agreement.currency)}
            text = ngettext("%(count)d commission, %(amount)s", "%(count)d commissions, %(amount)s", len(commissions))
            parts.append(text % values)
        parts += [_("all payouts")] if all_payouts else []
        text = "; ".join(parts)
    text = f"{text}: {reason}" if reason else text
    timeline.append_event(review=review, kind=kind, now=now, by=by, text=text)


def release_hold(*, review: Review, now: datetime, by: User | None) -> bool:
    """Release everything that `review` holds, and append an event; return whether it held anything."""
    commissions, all_payouts = list(list_held_commissions(review)), holds_all_payouts(review)
    if not commissions and not all_payouts:
        return False
    holds.release_holds(source=review.source, commissions=commissions, now=now, by=by)
    if all_payouts:
        holds.release_payouts(affiliate=review.affiliate, source=review.source, now=now, by=by)
    append_event(review, ReviewEvent.Kind.HOLD_RELEASED, commissions, all_payouts, now=now, by=by)
    return True


def forfeit_commissions(*, review: Review, now: datetime, by: User | None) -> list[Commission]:
    """Forfeit the commissions that `review` names, release its hold on them, and return those forfeited.

    Commissions that another review has forfeited in the meantime, or that have become another affiliate's, are left out.
    """
    commissions = list(list_forfeitable_commissions(review))
    if commissions:
        reason = _("Forfeited by review: %(title)s, clause %(clause)s of %(version)s") % {
            "title": get_review_title(review)[:120],
            "clause": review.clause,
            "version": review.agreement,
        }
        forfeiture.forfeit(commissions=commissions, reason=reason, now=now, by=by)
        holds.release_holds(source=review.source, commissions=commissions, now=now, by=by)
    return commissions
