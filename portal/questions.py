"""Daily questions: when each was asked and answered, what is late, and setting aside one that fails again and again.

Beat asks often and remembers nothing (DESIGN 2.5). A question that fails, or whose worker dies with it, is asked again after a
pause; after the third time in a row it is set aside and staff are told (RELIABILITY 2). All others go on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from celery import current_app
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from audit import trail
from lib.errors import Refused
from mail import alerts
from portal.models import Ask, Question

MOST_FAILURES = 3
# After the first failure and the second: a fault that is over within minutes, as a deployment, sets nothing aside.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5))
LOST = "The worker was lost while it answered."
# How long a failure is shown, and after what time an asking that nobody finished is forgotten: the queue has lost it.
KEPT = timedelta(days=30)
FORGOTTEN = timedelta(days=1)
# How long an answer may take and wait for a free worker before it counts as late.
PATIENCE = timedelta(minutes=2)


class State(StrEnum):
    """How a question stands, the gravest first."""

    SET_ASIDE = "set_aside"
    FAILING = "failing"
    LATE = "late"
    TO_COME = "to_come"
    FINE = "fine"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


# What somebody has to look at.
WRONG = (State.SET_ASIDE, State.FAILING, State.LATE)
_LABELS: dict[State, str | Promise] = {
    State.SET_ASIDE: gettext_lazy("set aside"),
    State.FAILING: gettext_lazy("failing"),
    State.LATE: gettext_lazy("late"),
    State.TO_COME: gettext_lazy("not asked yet"),
    State.FINE: gettext_lazy("fine"),
}


class Standing(NamedTuple):
    """A question of the schedule as it stands: `question` is None for one that was never asked."""

    title: str
    name: str
    every: timedelta
    question: Question | None
    running_since: datetime | None
    next_at: datetime | None
    state: State

    @property
    def often(self) -> str:
        """How often it is asked: "every 5 minutes"."""
        seconds = int(self.every.total_seconds())
        if seconds % 3600 == 0:
            return ngettext("every hour", "every %(number)d hours", seconds // 3600) % {"number": seconds // 3600}
        if seconds % 60 == 0:
            return ngettext("every minute", "every %(number)d minutes", seconds // 60) % {"number": seconds // 60}
        return ngettext("every second", "every %(number)d seconds", seconds) % {"number": seconds}


@transaction.atomic
def begin(*, name: str, job: str, now: datetime) -> bool:
    """Write that `job` asks the question `name` now; False where it must not be asked: set aside, or in its pause."""
    Question.objects.get_or_create(name=name, defaults={"known_since": now})
    question = Question.objects.select_for_update().get(name=name)
    lost = question.asks.filter(job=job, failed_at=None).first()
    if lost:
        _count(question, lost, LOST, now)
    if question.set_aside_at or _pauses(question, now):
        return False
    question.asks.filter(began_at__lt=now - KEPT).delete()
    question.asks.filter(began_at__lt=now - FORGOTTEN, failed_at=None).delete()
    Ask.objects.create(question=question, job=job, began_at=now)
    Question.objects.filter(pk=question.pk).update(asked_at=now)
    return True


@transaction.atomic
def answered(*, name: str, job: str, answer: str, seconds: float, now: datetime) -> None:
    """Write that `job` has its answer, in words; "" says that there was nothing to do."""
    Question.objects.filter(name=name).update(answered_at=now, answer=answer, seconds=seconds, failures=0, error="")
    Ask.objects.filter(question__name=name, job=job, failed_at=None).delete()


@transaction.atomic
def failed(*, name: str, job: str, error: str, counts: bool, now: datetime) -> None:
    """Write that `job` failed; where it `counts`, the third time in a row sets the question aside and tells staff."""
    question = Question.objects.select_for_update().get(name=name)
    ask = question.asks.filter(job=job, failed_at=None).first()
    if ask:
        _count(question, ask, error.replace("\x00", ""), now, counts=counts)


@transaction.atomic
def try_again(*, question: Question, now: datetime, by: User) -> None:
    """Have a question asked again that was set aside; refuses any other."""
    aside = Question.objects.filter(pk=question.pk, set_aside_at__isnull=False)
    if not aside.update(set_aside_at=None, failures=0):
        raise Refused(_("Only a question that was set aside can be asked again by hand; beat asks all others."))
    before = {"failures": question.failures, "set aside": question.set_aside_at}
    reason = _("It was set aside after: %(error)s") % {"error": question.error}
    trail.record(action="question asked again", subject=question, now=now, by=by, before=before, reason=reason)


def _count(question: Question, ask: Ask, error: str, now: datetime, *, counts: bool = True) -> None:
    ask.failed_at, ask.error = now, error
    ask.save(update_fields=["failed_at", "error"])
    question.failed_at, question.error = now, error
    if counts:
        question.failures += 1
    if question.failures >= MOST_FAILURES and not question.set_aside_at:
        question.set_aside_at = now
        context = {"question": title_of(question.name), "failures": question.failures, "error": error[:500]}
        alerts.alert_staff(kind="question_set_aside", key=f"{question.pk}:{now.isoformat()}", context=context)
    question.save(update_fields=["failed_at", "error", "failures", "set_aside_at"])


def _pauses(question: Question, now: datetime) -> bool:
    if not question.failures or question.failed_at is None:
        return False
    return now < question.failed_at + PAUSES[min(question.failures, len(PAUSES)) - 1]


def schedule() -> Mapping[str, Mapping[str, Any]]:
    """What beat asks: {title: {"task": its name, "schedule": seconds}}."""
    found: Mapping[str, Mapping[str, Any]] = current_app.conf.beat_schedule
    return found


def title_of(name: str) -> str:
    """What the task `name` is called in the schedule; its name where it is not there."""
    return next((title for title, entry in schedule().items() if entry["task"] == name), name)


def standing(now: datetime) -> list[Standing]:
    """Every question of the schedule as it stands, in the order of the schedule."""
    known = {question.name: question for question in Question.objects.all()}
    running = dict(Ask.objects.filter(failed_at=None).order_by("-began_at").values_list("question__name", "began_at"))
    first = min((question.known_since for question in known.values()), default=None)
    return [
        _standing(title, entry["task"], timedelta(seconds=entry["schedule"]), known, running, now, first)
        for title, entry in schedule().items()
    ]


def _standing(
    title: str,
    name: str,
    every: timedelta,
    known: Mapping[str, Question],
    running: Mapping[str, datetime],
    now: datetime,
    first: datetime | None,
) -> Standing:
    question = known.get(name)
    next_at = None if question is None or question.asked_at is None else question.asked_at + every
    state = _state(question, now - 2 * every - PATIENCE, first)
    return Standing(title, name, every, question, running.get(name), next_at, state)


def _state(question: Question | None, due: datetime, first: datetime | None) -> State:
    """How a question stands whose answer must be from `due` or later, where `first` was the first that was ever asked."""
    if question is None:
        return State.TO_COME if first and first >= due else State.LATE
    if question.set_aside_at:
        return State.SET_ASIDE
    if question.error:
        return State.FAILING
    late = (question.answered_at or question.known_since) < due
    return State.LATE if late else State.FINE
