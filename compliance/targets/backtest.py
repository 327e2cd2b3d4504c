"""Target results under the applicable versions compared with those under a draft (specification 2 and 8)."""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from affiliates.models import Affiliate, State
from agreements.models import AgreementVersion
from compliance.targets.arithmetic import TargetResult
from compliance.targets.met_targets import list_uncertain_affiliates
from compliance.targets.target_evaluation import evaluate_targets


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
    active = Affiliate.objects.filter(state=State.ACTIVE).count()
    return TargetBacktest(_count_results(active, now, None), _count_results(active, now, agreement))


def _count_results(active: int, now: datetime, agreement: AgreementVersion | None) -> ResultCounts:
    others = list_uncertain_affiliates(now=now, agreement_override=agreement)
    evaluations = evaluate_targets(others, now=now, agreement_override=agreement)
    counts = Counter(evaluation.result for evaluation in evaluations if evaluation.is_checkable)
    at_risk, missed = counts[TargetResult.AT_RISK], counts[TargetResult.MISSED]
    met = counts[TargetResult.MET] + active - len(others)
    return ResultCounts(met, at_risk, missed, active - met - at_risk - missed)
