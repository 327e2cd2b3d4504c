"""Decisions on applications, with the clauses that they cite: by staff, or by the rule that staff switched on."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import applications
from affiliates.models import Affiliate, ApprovalRule, Channel, RuleCheck, State
from affiliates.rule_checks import Check, CheckResult, check_application
from agreements.applicable_version import cite_applicable_clause
from agreements.models import Program
from agreements.rules import Rule
from lib.errors import NotAllowed

logger = logging.getLogger(__name__)
# What staff write in a reason for the applicant's name.
NAME_PLACEHOLDER = "{name}"
MAX_CHECKED = 200


def approve_application(*, affiliate: Affiliate, now: datetime, by: User | None, reason: str) -> None:
    """Approve an application, citing the clause on acceptance.

    Raises NotAllowed once the end of the program is announced: applications are closed then (specification 8).
    """
    if is_closed_for_approvals():
        raise NotAllowed(
            _("The end of the program has been announced, so applications can only be rejected, not approved.")
        )
    clause = cite_applicable_clause(affiliate, Rule.ACCEPTANCE, now)
    applications.approve(affiliate=affiliate, clause=clause, now=now, by=by, reason=reason)


def reject_application(*, affiliate: Affiliate, now: datetime, by: User, reason: str) -> None:
    """Reject an application, with the applicant's name in place of `{name}` in the reason."""
    clause = cite_applicable_clause(affiliate, Rule.ELIGIBILITY, now)
    text = reason.replace(NAME_PLACEHOLDER, affiliate.name)
    applications.reject(affiliate=affiliate, reason=text, clause=clause, now=now, by=by)


def is_closed_for_approvals() -> bool:
    """Return whether the end of the program has been announced."""
    return Program.objects.filter(end_announced_at__isnull=False).exists()


def apply_rule(*, now: datetime) -> tuple[int, int]:
    """Have the rule check the applications that wait for it; return how many it approved and how many wait for staff.

    An application that fails a check is left to staff. It is checked again after the rule or its channels changed.
    """
    rule = ApprovalRule.objects.filter(is_active=True).first()
    if rule is None or is_closed_for_approvals():
        return 0, 0
    approved = left = 0
    for pk in _select_unchecked(rule).values_list("pk", flat=True)[:MAX_CHECKED]:
        try:
            outcome = _apply_rule_to(pk, now)
        except NotAllowed:
            logger.info("Application %s was decided in the meantime", pk)
            continue
        approved += outcome is True
        left += outcome is False
    return approved, left


def _select_unchecked(rule: ApprovalRule) -> QuerySet[Affiliate]:
    """Return the applications with a confirmed address that `rule` has not checked as they are now, oldest first."""
    last_check = RuleCheck.objects.filter(affiliate=OuterRef("pk")).order_by("-checked_at").values("checked_at")[:1]
    last_channel = Channel.objects.filter(affiliate=OuterRef("pk")).order_by("-added_at").values("added_at")[:1]
    applied = applications.filter_decidable(Affiliate.objects.filter(erased_at=None))
    dated = applied.annotate(checked_at=Subquery(last_check), channel_at=Subquery(last_channel))
    is_due = Q(checked_at=None) | Q(checked_at__lt=rule.changed_at) | Q(checked_at__lt=F("channel_at"))
    return dated.filter(is_due).order_by("applied_at", "pk")


@transaction.atomic
def _apply_rule_to(pk: UUID, now: datetime) -> bool | None:
    """Check one application and approve it if every check is met; None if it, or the rule, is gone in the meantime."""
    rule = ApprovalRule.objects.select_for_update(no_key=True).filter(is_active=True).first()
    # The same lock as for adding a channel, so that what is approved is what was checked.
    waiting = Affiliate.objects.select_for_update(of=("self",)).select_related("user")
    affiliate = waiting.filter(pk=pk, state=State.APPLIED).first()
    if rule is None or affiliate is None:
        return None
    results = check_application(rule=rule, affiliate=affiliate)
    is_approved = all(result.is_met for result in results)
    _store_check(rule, affiliate, results, approved=is_approved, now=now)
    if is_approved:
        approve_application(affiliate=affiliate, now=now, by=None, reason=describe_approval(rule, results))
    return is_approved


def _store_check(
    rule: ApprovalRule, affiliate: Affiliate, results: Sequence[CheckResult], *, approved: bool, now: datetime
) -> None:
    """Store the results; what they say about others is kept apart, because the affiliate may export the rest."""
    RuleCheck.objects.create(
        affiliate=affiliate,
        rule=rule.name,
        checked_at=now,
        approved=approved,
        results=[
            {"check": result.check.value, "met": result.is_met, "detail": _get_own_detail(result)} for result in results
        ],
        same_person="".join(result.detail for result in results if result.check == Check.SINGLE_APPLICATION),
    )


def _get_own_detail(result: CheckResult) -> str:
    return "" if result.check == Check.SINGLE_APPLICATION else result.detail


def describe_approval(rule: ApprovalRule, results: Sequence[CheckResult]) -> str:
    """Return the reason of an approval by the rule: its name and each check, without what was found."""
    checks = ", ".join(str(result.check.label) for result in results)
    return _("Rule: %(rule)s. Checked: %(checks)s.") % {"rule": rule.name, "checks": checks}
