"""Coupon codes, which staff assign to affiliates and unassign (specification 4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
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
# The audit reason of an assignment from now on, for which none has to be given. It must not read as a person's words.
NO_REASON = "No reason was given."
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

    A start in the past credits past orders to the affiliate, so a person (`by`) must give a `reason` for it. A code of
    a terminated affiliate can be assigned from their termination on, which ends their assignment. Raises
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
    require_uninvolved(by, (affiliate for affiliate, _code in assignments))
    codes = [_clean_code(affiliate, code) for affiliate, code in assignments]
    if assigned_from is not None:
        _release_terminated(codes, assigned_from, now=now, by=by)
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
    require_uninvolved(by, [coupon.affiliate])
    # An assignment that has not started yet ends at its start, and so never applies.
    _end_assignment(coupon, max(now, coupon.assigned_from or now), now=now, by=by, reason=reason)


def _end_assignment(coupon: Coupon, end: datetime, *, now: datetime, by: User | None, reason: str) -> None:
    if not Coupon.objects.filter(pk=coupon.pk, assigned_until__isnull=True).update(assigned_until=end):
        raise IllegalTransition(_("%(coupon)s is no longer assigned.") % {"coupon": coupon})
    coupon.assigned_until = end
    trail.record_many([_build_audit_record("coupon unassigned", coupon, now=now, by=by, reason=reason)])


def _release_terminated(codes: Sequence[str], start: datetime, *, now: datetime, by: User | None) -> None:
    """End the assignments of `codes` to affiliates whose termination is not after `start`, the start of the next ones.

    They end with `start`, not with the termination: if an appeal annuls that, they had the code until then.
    """
    held = Coupon.objects.filter(
        key__in=[fold_code(code) for code in codes], assigned_until__isnull=True, affiliate__state=State.TERMINATED
    )
    for coupon in held.select_related("affiliate").select_for_update(of=("self",)):
        if coupon.affiliate.state_since <= start:
            reason = _("The affiliate was terminated, and the code is assigned to another affiliate.")
            _end_assignment(coupon, max(start, coupon.assigned_from or start), now=now, by=by, reason=reason)


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
    if coupon.ends_at is None:
        return _("Coupon %(code)s is already assigned to %(affiliate)s.") % {
            "code": coupon.code,
            "affiliate": coupon.affiliate,
        }
    return _("Coupon %(code)s was assigned to %(affiliate)s until %(until)s. Enter a later date.") % {
        "code": coupon.code,
        "affiliate": coupon.affiliate,
        "until": format_datetime(coupon.ends_at),
    }


def _build_audit_record(action: str, coupon: Coupon, *, now: datetime, by: User | None, reason: str) -> AuditRecord:
    after = {"code": coupon.code, "affiliate": coupon.affiliate.code, "assigned_from": coupon.assigned_from}
    return trail.build_record(action=action, subject=coupon, now=now, by=by, after=after, reason=reason or NO_REASON)
