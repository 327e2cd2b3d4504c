"""Coupons: codes that name an affiliate at the checkout, bound and unbound by staff (CONTRACT 4)."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.applicable_version import get_acceptance_times
from audit import trail
from audit.models import AuditRecord
from lib.formatting import format_datetime
from tracking.models import Coupon

_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_INELIGIBLE_STATES = (State.REJECTED, State.TERMINATED)
# Whoever enters the present moment is a little late when they send it.
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
    """Bind `code` to `affiliate` from `assigned_from` on; None means from their first acceptance on (CONTRACT 4).

    Refused, by field, are codes of other characters, those that are bound to somebody at that time without regard to
    case, affiliates who are rejected or terminated, and a person's dating it back without a `reason`: it makes orders theirs
    that were placed already.
    """
    if (
        by is not None
        and not reason.strip()
        and _find_start(affiliate, assigned_from, now) < now - _BACKDATING_TOLERANCE
    ):
        raise ValidationError({"reason": _("It begins in the past: say why. The reason is kept with it.")})
    return assign_coupons(assignments=[(affiliate, code)], assigned_from=assigned_from, now=now, by=by, reason=reason)[
        0
    ]


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
    """`bind` for thousands at once, as an import does: all of them or, with the first refusal, none."""
    codes = [_clean_code(affiliate, code) for affiliate, code in assignments]
    _check_available(codes, assigned_from)
    coupons = [
        Coupon(affiliate=affiliate, code=code, assigned_from=assigned_from, created_at=now)
        for (affiliate, _given), code in zip(assignments, codes, strict=True)
    ]
    try:
        with transaction.atomic():
            Coupon.objects.bulk_create(coupons)
    except IntegrityError:
        raise ValidationError({"code": _("Somebody has just bound one of these coupons. Please try again.")}) from None
    trail.record_many(
        _build_audit_record("coupon assigned", coupon, now=now, by=by, reason=reason) for coupon in coupons
    )
    return coupons


@transaction.atomic
def unassign_coupon(*, coupon: Coupon, now: datetime, by: User | None, reason: str = "") -> None:
    """End the binding now: orders placed before stay the affiliate's. Raises IllegalTransition if it has ended."""
    # One that has not begun yet never does: it ends where it would have begun.
    end = max(now, coupon.assigned_from or now)
    if not Coupon.objects.filter(pk=coupon.pk, assigned_until__isnull=True).update(assigned_until=end):
        raise IllegalTransition(_("%(coupon)s is not bound any more.") % {"coupon": coupon})
    coupon.assigned_until = end
    trail.record_many([_build_audit_record("coupon unassigned", coupon, now=now, by=by, reason=reason)])


def _clean_code(affiliate: Affiliate, code: str) -> str:
    code = code.strip()
    if not _FORM.fullmatch(code):
        raise ValidationError({"code": _("A coupon is 1 to 64 letters, digits, dots, hyphens and underscores.")})
    if affiliate.state in _INELIGIBLE_STATES:
        raise ValidationError(
            {"affiliate": _("%(affiliate)s takes no part in the program any more.") % {"affiliate": affiliate}}
        )
    return code


def _check_available(codes: Sequence[str], assigned_from: datetime | None) -> None:
    """Refuse codes that are named twice, or bound to somebody at a time that the new binding would share."""
    seen: set[str] = set()
    for code in codes:
        if code.upper() in seen:
            raise ValidationError({"code": _("The coupon %(code)s is named twice.") % {"code": code}})
        seen.add(code.upper())
    shared = Q() if assigned_from is None else Q(assigned_until__isnull=True) | Q(assigned_until__gt=assigned_from)
    taken = Coupon.objects.annotate(upper=Upper("code")).filter(shared, upper__in=list(seen))
    if coupon := taken.select_related("affiliate").first():
        raise ValidationError({"code": _format_conflict(coupon)})


def _format_conflict(coupon: Coupon) -> str:
    if coupon.assigned_until is None:
        return _("The coupon %(code)s is bound to %(affiliate)s.") % {
            "code": coupon.code,
            "affiliate": coupon.affiliate.code,
        }
    return _("The coupon %(code)s was bound to %(affiliate)s until %(until)s: name a later date.") % {
        "code": coupon.code,
        "affiliate": coupon.affiliate.code,
        "until": format_datetime(coupon.assigned_until),
    }


def _build_audit_record(
    action: str, coupon: Coupon, *, now: datetime, by: User | None, reason: str = ""
) -> AuditRecord:
    what = {"code": coupon.code, "affiliate": coupon.affiliate.code, "assigned_from": coupon.assigned_from}
    return trail.build_record(action=action, subject=coupon, now=now, by=by, after=what, reason=reason)
