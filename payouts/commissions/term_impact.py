"""The effect of an agreement version on affiliates' earnings, as its notice states it (specification 10)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from agreements.models import AgreementVersion
from agreements.term_impact import LOOKBACK_DAYS, LOOKBACK_MONTHS, ImpactReader, TermImpact
from lib.money import round_to_cents
from payouts.commissions import backtest


def measure_impact(
    *, agreement: AgreementVersion, affiliate_ids: Collection[UUID], now: datetime
) -> Mapping[UUID, TermImpact]:
    """Return each affiliate's average monthly commission of the last 90 days, actual and under `agreement`.

    Amounts are in the program's currency, rounded for display. Affiliates without an order in these days are left out.
    """
    totals = backtest.backtest_by_affiliate(
        agreement=agreement, since=now - timedelta(days=LOOKBACK_DAYS), until=now, affiliate_ids=affiliate_ids
    )
    return {
        pk: TermImpact(round_to_cents(actual / LOOKBACK_MONTHS), round_to_cents(projected / LOOKBACK_MONTHS))
        for pk, (actual, projected) in totals.items()
    }


def build_impact_reader(now: datetime) -> ImpactReader:
    """Return `measure_impact` at `now` in the form that publishing a version takes."""
    return lambda version, affiliate_ids: measure_impact(agreement=version, affiliate_ids=affiliate_ids, now=now)
