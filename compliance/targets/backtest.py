"""Target results under the applicable versions compared with those under a draft (specification 2 and 8)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agreements.models import AgreementVersion
from compliance.targets.arithmetic import TargetResult
from compliance.targets.met_targets import find_met_affiliates
from compliance.targets.target_evaluation import evaluate_targets, list_active_affiliates


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
    return TargetBacktest(_count_results(active, now, None), _count_results(active, now, agreement))


def _count_results(active: Sequence[UUID], now: datetime, agreement: AgreementVersion | None) -> ResultCounts:
    certain = find_met_affiliates(now=now, agreement_override=agreement)
    others = [pk for pk in active if pk not in certain]
    evaluations = evaluate_targets(others, now=now, agreement_override=agreement)
    counts = Counter(evaluation.result for evaluation in evaluations if evaluation.is_checkable)
    at_risk, missed = counts[TargetResult.AT_RISK], counts[TargetResult.MISSED]
    met = counts[TargetResult.MET] + len(active) - len(others)
    return ResultCounts(met, at_risk, missed, len(active) - met - at_risk - missed)
