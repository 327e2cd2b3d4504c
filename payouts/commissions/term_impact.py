"""What a version of the agreement means for affiliates in money, as its notice says (specification 10)."""

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
    """Return an average month's commission of the last 90 days, as it was and under `agreement`, in the program's currency.

    An affiliate without an order in these days is left out. The mean is rounded for display; nothing is posted by it.
    """
    found = backtest.backtest_by_affiliate(
        agreement=agreement, since=now - timedelta(days=LOOKBACK_DAYS), until=now, affiliate_ids=affiliate_ids
    )
    return {
        pk: TermImpact(round_to_cents(was / LOOKBACK_MONTHS), round_to_cents(becomes / LOOKBACK_MONTHS))
        for pk, (was, becomes) in found.items()
    }


def build_impact_reader(now: datetime) -> ImpactReader:
    """Return `measure_impact` at `now` in the form that publishing a version takes."""
    return lambda version, affiliate_ids: measure_impact(agreement=version, affiliate_ids=affiliate_ids, now=now)
