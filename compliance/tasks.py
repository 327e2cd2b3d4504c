"""What beat wakes: each reads the clock, makes one domain call and answers in words, for the operations page."""

from collections.abc import Mapping

from celery import shared_task
from django.utils import timezone

from compliance.offboarding import termination
from compliance.reviews import deadlines_task
from compliance.signals import signals
from compliance.targets import checks


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def check_targets() -> str:
    return _in_words(checks.check(now=timezone.now())._asdict())


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def keep_review_deadlines() -> str:
    return _in_words(deadlines_task.keep_deadlines(now=timezone.now())._asdict())


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def carry_out_notices() -> str:
    return _in_words(termination.carry_out(now=timezone.now())._asdict())


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def look_for_signals() -> str:
    return _in_words(signals.look(now=timezone.now()))


def _in_words(counts: Mapping[str, int]) -> str:
    """ "asked: 12, told: 1"; what is none is left out."""
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items() if count)
