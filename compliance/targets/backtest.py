"""How the sales targets stand by the versions that affiliates are under, and how they would by a draft (CONTRACT 2 and 8)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from agreements.models import AgreementVersion
from compliance.targets.arithmetic import TargetResult
from compliance.targets.target_evaluation import TargetEvaluation, evaluate_targets, list_active_affiliates


class ResultCounts(NamedTuple):
    """How many active affiliates have which answer; `not_checked` have no target, or have not been active for long enough."""

    met: int
    at_risk: int
    missed: int
    not_checked: int


class TargetBacktest(NamedTuple):
    """The same affiliates, the same orders, the same instant: as it is, and as it would be."""

    current: ResultCounts
    proposed: ResultCounts


def backtest_targets(*, agreement: AgreementVersion, now: datetime) -> TargetBacktest:
    """The answers at `now` of all active affiliates, by their own versions and by `agreement`; writes nothing."""
    active = list_active_affiliates()
    return TargetBacktest(
        _count_results(evaluate_targets(active, now=now), len(active)),
        _count_results(evaluate_targets(active, now=now, agreement_override=agreement), len(active)),
    )


def _count_results(known: Iterable[TargetEvaluation], active: int) -> ResultCounts:
    found = Counter(evaluation.result for evaluation in known if evaluation.is_checkable)
    met, at_risk, missed = (found[answer] for answer in (TargetResult.MET, TargetResult.AT_RISK, TargetResult.MISSED))
    return ResultCounts(met, at_risk, missed, active - met - at_risk - missed)
