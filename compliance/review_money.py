"""Commissions and payouts that a review holds, releases or forfeits (specification 8)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from compliance.grounds import get_review_title
from compliance.models import Review
from payouts.commissions import forfeiture, holds
from payouts.models import Commission, CommissionHold, PayoutHold


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


def hold_commissions(*, review: Review, commissions: Sequence[Commission], now: datetime, by: User | None) -> None:
    """Hold those of `commissions` that `review` does not hold yet."""
    holding = set(list_held_commissions(review).values_list("pk", flat=True))
    free = [commission for commission in commissions if commission.pk not in holding]
    if free:
        holds.hold_commissions(commissions=free, source=review.source, reason=build_hold_reason(review), now=now, by=by)


def hold_all_payouts(*, review: Review, reason: str, now: datetime, by: User | None) -> None:
    """Hold all payouts of the affiliate, with the reason that staff gave."""
    holds.hold_payouts(affiliate=review.affiliate, source=review.source, reason=reason, now=now, by=by)


def release_hold(*, review: Review, now: datetime, by: User | None) -> bool:
    """Release everything that `review` holds; return whether it held anything."""
    commissions, all_payouts = list_held_commissions(review).exists(), holds_all_payouts(review)
    if commissions:
        holds.release_holds(source=review.source, now=now, by=by)
    if all_payouts:
        holds.release_payouts(affiliate=review.affiliate, source=review.source, now=now, by=by)
    return commissions or all_payouts


def forfeit_commissions(*, review: Review, now: datetime, by: User | None) -> list[Commission]:
    """Forfeit the commissions that `review` names, release its hold, and return those forfeited.

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
    release_hold(review=review, now=now, by=by)
    return commissions
