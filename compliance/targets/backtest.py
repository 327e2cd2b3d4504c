"""How the sales targets stand by the versions that affiliates are under, and how they would by a draft (CONTRACT 2 and 8)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from agreements.models import Agreement
from compliance.targets.arithmetic import Answer
from compliance.targets.reading import Standing, active_affiliates, standings


class Answers(NamedTuple):
    """How many active affiliates have which answer; `not_asked` have no target, or have not been active for long enough."""

    met: int
    at_risk: int
    missed: int
    not_asked: int


class TargetRehearsal(NamedTuple):
    """The same affiliates, the same orders, the same instant: as it is, and as it would be."""

    now: Answers
    then: Answers


def rehearse(*, agreement: Agreement, now: datetime) -> TargetRehearsal:
    """The answers at `now` of all active affiliates, by their own versions and by `agreement`; writes nothing."""
    active = active_affiliates()
    return TargetRehearsal(
        _counted(standings(active, now=now), len(active)),
        _counted(standings(active, now=now, rehearsed=agreement), len(active)),
    )


def _counted(known: Iterable[Standing], active: int) -> Answers:
    found = Counter(standing.answer for standing in known if standing.asked)
    met, at_risk, missed = (found[answer] for answer in (Answer.MET, Answer.AT_RISK, Answer.MISSED))
    return Answers(met, at_risk, missed, active - met - at_risk - missed)
