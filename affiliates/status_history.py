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
from lib.formatting import format_datetime

TRANSITIONS: dict[State, tuple[State, ...]] = {
    State.APPLIED: (State.APPROVED, State.REJECTED),
    State.APPROVED: (State.ACTIVE, State.TERMINATED),
    State.ACTIVE: (State.SUSPENDED, State.LEAVING, State.TERMINATED),
    # A second decision to suspend is recorded, so that it stays in effect if the first is annulled.
    State.SUSPENDED: (State.SUSPENDED, State.ACTIVE, State.LEAVING, State.TERMINATED),
    State.LEAVING: (State.ACTIVE, State.SUSPENDED, State.TERMINATED),  # back only by taking back the leave
    State.TERMINATED: (),  # only `annul_change` ends it
    State.REJECTED: (),
}
# The audit reason of a change for which none is given, such as leaving.
OWN_DECISION = "Decided by the affiliate."


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
            after={"state": state.value, "code": affiliate.code, **_name_start(at, now)},
            reason=reason,
        )
        for affiliate in affiliates
    )


def _name_start(at: datetime, now: datetime) -> dict[str, str]:
    """Return the start of a state that began at another time than the change was recorded, for the audit trail."""
    return {"since": format_datetime(at)} if at != now else {}


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
                after={"state": to.value, "clause": clause, **_name_start(at, now)},
                reason=reason or OWN_DECISION,
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
    source: str = "",
) -> None:
    """Change the state of `affiliate`, with history entry and audit record.

    `at` is the start of the new state, by default `now`; `source` is the key of the decision behind it. Raises
    IllegalTransition if the transition is not allowed or someone else has changed the state in the meantime.
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
        source=source,
    )
    trail.record(
        action=f"affiliate {to.value}",
        subject=affiliate,
        now=now,
        by=by,
        before={"state": before.value},
        after={"state": to.value, "clause": clause, "breach": breach, **_name_start(at or now, now)},
        reason=reason or OWN_DECISION,
    )


@transaction.atomic
def annul_change(
    *, change: StatusChange, affiliate: Affiliate, now: datetime, by: User | None, reason: str, clause: str
) -> None:
    """Annul `change` of `affiliate`: from now on it counts as if it had never been made (specification 8).

    The affiliate gets the state that the other changes give. Both the change and its annulment stay in the history.
    Raises IllegalTransition if the change is annulled already.
    """
    current = Affiliate.objects.select_for_update(of=("self",), no_key=True).get(pk=affiliate.pk)
    if StatusChange.objects.filter(annuls=change).exists():
        raise IllegalTransition(_("This decision has already been undone."))
    others = StatusChange.objects.filter(affiliate=affiliate).in_effect().exclude(pk=change.pk)
    last = others.order_by("at", "id").last()
    assert last is not None
    before, after = State(current.state), State(last.after)
    StatusChange.objects.create(
        affiliate=affiliate,
        before=before,
        after=after,
        at=now,
        recorded_at=now,
        by=by,
        reason=reason,
        clause=clause,
        annuls=change,
    )
    affiliate.state, affiliate.state_since = after, last.at
    # A notice of the program is in no change.
    affiliate.notice_ends_at = last.notice_ends_at or current.notice_ends_at
    affiliate.save(update_fields=["state", "state_since", "notice_ends_at"])
    trail.record(
        action=f"affiliate {after.value}",
        subject=affiliate,
        now=now,
        by=by,
        before={"state": before.value},
        after={"state": after.value, "clause": clause, "annuls": change.after, "annulled_from": change.at},
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


def find_termination(changes: Sequence[StatusEntry], moment: datetime) -> datetime | None:
    """Return when the termination in effect at `moment` took effect, or None if there is none."""
    started = None
    for change in changes:
        if change.at > moment:
            break
        if change.after != State.TERMINATED:
            started = None
        elif started is None:
            started = change.at
    return started
