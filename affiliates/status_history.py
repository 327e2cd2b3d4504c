"""The states of affiliates: allowed transitions, the functions that make them, and history (specification 8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State, StatusChange
from audit import trail

TRANSITIONS: dict[State, tuple[State, ...]] = {
    State.APPLIED: (State.APPROVED, State.REJECTED),
    State.APPROVED: (State.ACTIVE, State.TERMINATED),
    State.ACTIVE: (State.SUSPENDED, State.LEAVING, State.TERMINATED),
    State.SUSPENDED: (State.ACTIVE, State.LEAVING, State.TERMINATED),
    State.LEAVING: (State.ACTIVE, State.SUSPENDED, State.TERMINATED),  # back only by taking back the leave
    State.TERMINATED: (State.ACTIVE,),  # by a granted appeal
    State.REJECTED: (),
}


def start_history(*, affiliate: Affiliate, state: State, now: datetime, by: User | None, reason: str = "") -> None:
    """Write the first entry of a new affiliate's status history."""
    StatusChange.objects.create(affiliate=affiliate, after=state, at=now, recorded_at=now, by=by, reason=reason)


def start_histories(
    *, affiliates: Sequence[Affiliate], state: State, now: datetime, at: datetime, by: User | None, reason: str
) -> None:
    """Write the first entries of many imported affiliates, with audit records. The state applies from `at`."""
    StatusChange.objects.bulk_create(
        [
            StatusChange(affiliate=affiliate, after=state, at=at, recorded_at=now, by=by, reason=reason)
            for affiliate in affiliates
        ],
        batch_size=1000,
    )
    trail.record_many(
        trail.build_record(
            action=f"affiliate {state.value}",
            subject=affiliate,
            now=now,
            by=by,
            after={"state": state.value, "code": affiliate.code},
            reason=reason,
        )
        for affiliate in affiliates
    )


@transaction.atomic
def change_statuses(
    *,
    affiliates: Sequence[Affiliate],
    to: State,
    now: datetime,
    at: datetime,
    by: User | None,
    reason: str = "",
    clause: str = "",
) -> None:
    """Change the state of many affiliates who share one state, as `change_status` does; all or none."""
    if not affiliates:
        return
    (before,) = {State(affiliate.state) for affiliate in affiliates}
    if to not in TRANSITIONS[before]:
        raise IllegalTransition(_describe_illegal_transition(before, to))
    changed = Affiliate.objects.filter(pk__in=[affiliate.pk for affiliate in affiliates], state=before)
    if changed.update(state=to, state_since=at) != len(affiliates):
        raise IllegalTransition(_("Someone else has changed one of the affiliates in the meantime."))
    changes, records = [], []
    for affiliate in affiliates:
        affiliate.state, affiliate.state_since = to, at
        changes.append(
            StatusChange(
                affiliate=affiliate,
                before=before,
                after=to,
                at=at,
                recorded_at=now,
                by=by,
                reason=reason,
                clause=clause,
            )
        )
        records.append(
            trail.build_record(
                action=f"affiliate {to.value}",
                subject=affiliate,
                now=now,
                by=by,
                before={"state": before.value},
                after={"state": to.value, "clause": clause},
                reason=reason,
            )
        )
    StatusChange.objects.bulk_create(changes, batch_size=1000)
    trail.record_many(records)


@transaction.atomic
def change_status(
    *,
    affiliate: Affiliate,
    to: State,
    now: datetime,
    by: User | None,
    reason: str = "",
    clause: str = "",
    breach: bool = False,
    at: datetime | None = None,
    notice_ends_at: datetime | None = None,
) -> None:
    """Change the state of `affiliate`, with history entry and audit record.

    `at` is the start of the new state, by default `now`. Raises IllegalTransition if the transition is not allowed or
    someone else has changed the state in the meantime.
    """
    before = State(affiliate.state)
    if to not in TRANSITIONS[before]:
        raise IllegalTransition(_describe_illegal_transition(before, to))
    changed = Affiliate.objects.filter(pk=affiliate.pk, state=before).update(
        state=to, state_since=at or now, notice_ends_at=notice_ends_at
    )
    if not changed:
        raise IllegalTransition(_("Someone else has changed %(affiliate)s in the meantime.") % {"affiliate": affiliate})
    affiliate.state, affiliate.state_since, affiliate.notice_ends_at = to, at or now, notice_ends_at
    StatusChange.objects.create(
        affiliate=affiliate,
        before=before,
        after=to,
        at=at or now,
        recorded_at=now,
        by=by,
        breach=breach,
        reason=reason,
        clause=clause,
        notice_ends_at=notice_ends_at,
    )
    trail.record(
        action=f"affiliate {to.value}",
        subject=affiliate,
        now=now,
        by=by,
        before={"state": before.value},
        after={"state": to.value, "clause": clause, "breach": breach},
        reason=reason,
    )


def _describe_illegal_transition(before: State, to: State) -> str:
    return _("The affiliate is %(before)s and cannot become %(after)s.") % {"before": before.label, "after": to.label}


class StatusEntry(Protocol):
    """The part of a StatusChange that the functions below need; plain tuples are faster to load than rows."""

    @property
    def at(self) -> datetime: ...
    @property
    def after(self) -> str: ...
    @property
    def breach(self) -> bool: ...


def get_state_at(changes: Sequence[StatusEntry], moment: datetime) -> State | None:
    """Return the state at `moment` from `changes`, oldest first, or None before the first of them."""
    state = None
    for change in changes:
        if change.at > moment:
            break
        state = State(change.after)
    return state


def was_terminated_for_breach(changes: Sequence[StatusEntry], moment: datetime) -> bool:
    """Return whether the last change up to `moment` was a termination for breach (specification 4)."""
    last = None
    for change in changes:
        if change.at > moment:
            break
        last = change
    return last is not None and last.after == State.TERMINATED and last.breach
