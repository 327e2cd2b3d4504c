"""Scheduled endings without breach: expired notices, affiliates who leave, the end of the program (specification 8).

A termination takes effect when the notice expires or the program ends, whenever the task runs.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause
from agreements.models import Decline, Program
from agreements.rules import Rule
from audit import trail
from compliance import emails
from compliance.models import TerminationNotice
from compliance.offboarding.declined_versions import apply_decline
from mail.rendering import override_language
from payouts.commissions.reattribution import reattribute_orders
from payouts.ledger import booking

logger = logging.getLogger(__name__)
PARTICIPATING_STATES = (State.APPROVED, State.ACTIVE, State.SUSPENDED, State.LEAVING)


class EndedCounts(NamedTuple):
    """Number of agreements ended, by cause."""

    notices: int
    left: int
    program_ended: int


def apply_due_declines(*, now: datetime) -> int:
    """Let everyone leave whose declined version has taken effect by `now`, each in its own transaction.

    Return how many leave. Safe to repeat and to run concurrently.
    """
    return _process_each(Decline.objects.due(now).values_list("pk", flat=True), apply_decline, now)


def apply_expired_notices(*, now: datetime) -> EndedCounts:
    """End every agreement whose end has come by `now`, each in its own transaction.

    Safe to repeat and to run concurrently.
    """
    notices = TerminationNotice.objects.filter(state=TerminationNotice.State.RUNNING, takes_effect_at__lte=now)
    leaving = Affiliate.objects.filter(state=State.LEAVING, notice_ends_at__lte=now)
    return EndedCounts(
        notices=_process_each(notices.values_list("pk", flat=True), _end_notice, now),
        left=_process_each(leaving.values_list("pk", flat=True), _end_leaving, now),
        program_ended=_end_program(now),
    )


def _process_each(due: Iterable[Any], end: Callable[[Any, datetime], bool], now: datetime) -> int:
    done = 0
    for pk in list(due):
        try:
            with transaction.atomic():
                booking.lock_shared()
                done += end(pk, now)
        except Exception:
            logger.exception("%s of %s failed; the next run retries it.", end.__name__, pk)
    return done


def _end_notice(pk: Any, now: datetime) -> bool:
    notice = TerminationNotice.objects.select_for_update(of=("self",)).get(pk=pk)
    if notice.state != TerminationNotice.State.RUNNING or notice.takes_effect_at > now:
        return False
    affiliate = _lock_affiliate(notice.affiliate_id)
    ends = affiliate.state in PARTICIPATING_STATES
    notice.state = TerminationNotice.State.CARRIED_OUT if ends else TerminationNotice.State.REVOKED
    TerminationNotice.objects.filter(pk=pk).update(state=notice.state, ended_at=now)
    trail.record(
        action=f"termination notice {notice.state}",
        subject=affiliate,
        now=now,
        by=None,
        after={"state": notice.state},
        reason="The notice period is over." if ends else "The affiliate no longer participates.",
    )
    if ends:
        source = notice.review.source if notice.review else ""
        _end_agreement(affiliate, notice.takes_effect_at, notice.reason, Rule.TERMINATION_NOTICE_DAYS, now, source)
    return ends


def _end_leaving(pk: Any, now: datetime) -> bool:
    affiliate = _lock_affiliate(pk)
    if affiliate.state != State.LEAVING or affiliate.notice_ends_at is None or affiliate.notice_ends_at > now:
        return False
    with override_language(affiliate.language):
        reason = _("You left the program.")
    _end_agreement(affiliate, affiliate.notice_ends_at, reason, Rule.LEAVING, now)
    return True


def _end_program(now: datetime) -> int:
    """End every agreement at the end of the program, without breach.

    Every later close is then final: it pays terminated affiliates whatever the balance, while orders from earlier
    clicks still count within `attribution_days` and pending commissions are validated (clauses 10.5, 11.1 and 11.2).
    """
    ends_at = Program.objects.values_list("ends_at", flat=True).first()
    if ends_at is None or ends_at > now:
        return 0
    return _process_each(
        Affiliate.objects.filter(state__in=PARTICIPATING_STATES).values_list("pk", flat=True),
        lambda pk, at: _end_with_program(pk, ends_at, at),
        now,
    )


def _end_with_program(pk: Any, ends_at: datetime, now: datetime) -> bool:
    affiliate = _lock_affiliate(pk)
    if affiliate.state not in PARTICIPATING_STATES:
        return False
    with override_language(affiliate.language):
        reason = _("The program has ended.")
    _end_agreement(affiliate, ends_at, reason, Rule.END_OF_PROGRAM, now)
    return True


def _end_agreement(
    affiliate: Affiliate, at: datetime, reason: str, rule: Rule, now: datetime, source: str = ""
) -> None:
    agreement, _applicable = get_applicable_version(affiliate.pk, at=now)
    clause = cite_clause(agreement, rule)[:60]
    # The history is ordered by time, so the new entry must be later than the last one.
    effective_at = max(at, affiliate.state_since + timedelta(microseconds=1))
    status_history.change_status(
        affiliate=affiliate,
        to=State.TERMINATED,
        now=now,
        by=None,
        reason=reason,
        clause=clause,
        at=effective_at,
        source=source,
    )
    # Orders that came in between the end and this run were attributed as if the agreement had not ended.
    reattribute_orders(affiliate=affiliate, since=effective_at, now=now, by=None, reason=reason)
    emails.send_terminated(affiliate, reason=reason, clause=clause, at=effective_at)


def _lock_affiliate(pk: Any) -> Affiliate:
    return Affiliate.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=pk)
