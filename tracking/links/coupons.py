"""Coupon codes, which staff assign to affiliates and unassign (specification 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.applicable_version import get_acceptance_times
from audit import trail
from audit.models import AuditRecord
from lib.formatting import format_datetime
from lib.reasons import require_reason
from lib.text import clean_code, fold_code, is_printable_code
from tracking.models import Coupon

MAX_LENGTH = 64
_INELIGIBLE_STATES = (State.REJECTED, State.TERMINATED)
# A form that was filled in with the current time is submitted a little later.
_BACKDATING_TOLERANCE = timedelta(hours=1)


def assign_coupon(
    *,
    affiliate: Affiliate,
    code: str,
    assigned_from: datetime | None,
    now: datetime,
    by: User | None,
    reason: str = "",
) -> Coupon:
    """Assign `code` to `affiliate` from `assigned_from`, or from their first acceptance if None (specification 4).

    A start in the past credits past orders to the affiliate, so a person (`by`) must give a `reason` for it. Raises
    ValidationError by field for that, for invalid codes, for codes assigned at that time in any letter case, and for
    rejected or terminated affiliates.
    """
    if by is not None and _find_start(affiliate, assigned_from, now) < now - _BACKDATING_TOLERANCE:
        reason = require_reason(reason)
    [coupon] = assign_coupons(
        assignments=[(affiliate, code)], assigned_from=assigned_from, now=now, by=by, reason=reason
    )
    return coupon


def _find_start(affiliate: Affiliate, assigned_from: datetime | None, now: datetime) -> datetime:
    accepted = get_acceptance_times([affiliate.pk]).get(affiliate.pk, {}) if assigned_from is None else {}
    return assigned_from or min(accepted.values(), default=now)


@transaction.atomic
def assign_coupons(
    *,
    assignments: Sequence[tuple[Affiliate, str]],
    assigned_from: datetime | None,
    now: datetime,
    by: User | None,
    reason: str = "",
) -> list[Coupon]:
    """Assign many coupons at once, as an import does: all of them, or none if one is not valid."""
    codes = [_clean_code(affiliate, code) for affiliate, code in assignments]
    _check_available(codes, assigned_from)
    coupons = [
        Coupon(affiliate=affiliate, code=code, assigned_from=assigned_from, created_at=now)
        for (affiliate, _code), code in zip(assignments, codes, strict=True)
    ]
    try:
        with transaction.atomic():
            Coupon.objects.bulk_create(coupons)
    except IntegrityError:
        raise ValidationError(
            {"code": _("One of these coupons has just been assigned by someone else. Try again.")}
        ) from None
    trail.record_many(
        _build_audit_record("coupon assigned", coupon, now=now, by=by, reason=reason) for coupon in coupons
    )
    return coupons


@transaction.atomic
def unassign_coupon(*, coupon: Coupon, now: datetime, by: User | None, reason: str = "") -> None:
    """End the assignment now; orders placed before stay with the affiliate.

    Raises IllegalTransition if it has ended already.
    """
    # An assignment that has not started yet ends at its start, and so never applies.
    end = max(now, coupon.assigned_from or now)
    if not Coupon.objects.filter(pk=coupon.pk, assigned_until__isnull=True).update(assigned_until=end):
        raise IllegalTransition(_("%(coupon)s is no longer assigned.") % {"coupon": coupon})
    coupon.assigned_until = end
    trail.record_many([_build_audit_record("coupon unassigned", coupon, now=now, by=by, reason=reason)])


def validate_code(text: str) -> str:
    """Return the coupon code as it is read. Raises ValidationError for `code` unless it has 1 to 64 printable characters."""
    code = clean_code(text)
    if not 1 <= len(code) <= MAX_LENGTH or not is_printable_code(code):
        raise ValidationError({"code": _("Enter 1 to 64 printable characters.")})
    return code


def _clean_code(affiliate: Affiliate, code: str) -> str:
    code = validate_code(code)
    if affiliate.state in _INELIGIBLE_STATES:
        raise ValidationError({"affiliate": _("%(affiliate)s is no longer in the program.") % {"affiliate": affiliate}})
    return code


def _check_available(codes: Sequence[str], assigned_from: datetime | None) -> None:
    """Raise ValidationError for codes that are listed twice or assigned at a time that the new assignment overlaps."""
    seen: set[str] = set()
    for code in codes:
        key = fold_code(code)
        if key in seen:
            raise ValidationError({"code": _("Coupon %(code)s is listed twice.") % {"code": code}})
        seen.add(key)
    overlaps = Q() if assigned_from is None else Q(assigned_until__isnull=True) | Q(assigned_until__gt=assigned_from)
    taken = Coupon.objects.filter(overlaps, key__in=list(seen))
    if coupon := taken.select_related("affiliate").first():
        raise ValidationError({"code": _format_conflict(coupon)})


def _format_conflict(coupon: Coupon) -> str:
    if coupon.assigned_until is None:
        return _("Coupon %(code)s is already assigned to %(affiliate)s.") % {
            "code": coupon.code,
            "affiliate": coupon.affiliate.code,
        }
    return _("Coupon %(code)s was assigned to %(affiliate)s until %(until)s. Enter a later date.") % {
        "code": coupon.code,
        "affiliate": coupon.affiliate.code,
        "until": format_datetime(coupon.assigned_until),
    }


def _build_audit_record(
    action: str, coupon: Coupon, *, now: datetime, by: User | None, reason: str = ""
) -> AuditRecord:
    after = {"code": coupon.code, "affiliate": coupon.affiliate.code, "assigned_from": coupon.assigned_from}
    return trail.build_record(action=action, subject=coupon, now=now, by=by, after=after, reason=reason)
