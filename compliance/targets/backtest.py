"""Target results under the applicable versions compared with those under a draft (specification 2 and 8)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from agreements.models import AgreementVersion
from compliance.targets.arithmetic import TargetResult
from compliance.targets.target_evaluation import TargetEvaluation, evaluate_targets, list_active_affiliates


class ResultCounts(NamedTuple):
    """Number of active affiliates by result; `not_checked` have no target or have not been active for long enough."""

    met: int
    at_risk: int
    missed: int
    not_checked: int


class TargetBacktest(NamedTuple):
    """Results under the applicable versions and under the draft, for the same affiliates, orders and instant."""

    current: ResultCounts
    proposed: ResultCounts


def backtest_targets(*, agreement: AgreementVersion, now: datetime) -> TargetBacktest:
    """Compare the target results of all active affiliates at `now` with those under `agreement`; write nothing."""
    active = list_active_affiliates()
    return TargetBacktest(
        _count_results(evaluate_targets(active, now=now), len(active)),
        _count_results(evaluate_targets(active, now=now, agreement_override=agreement), len(active)),
    )


def _count_results(evaluations: Iterable[TargetEvaluation], active: int) -> ResultCounts:
    counts = Counter(evaluation.result for evaluation in evaluations if evaluation.is_checkable)
    met, at_risk, missed = (counts[result] for result in (TargetResult.MET, TargetResult.AT_RISK, TargetResult.MISSED))
    return ResultCounts(met, at_risk, missed, active - met - at_risk - missed)
