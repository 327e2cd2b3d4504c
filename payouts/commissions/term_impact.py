"""What a version of the agreement means for affiliates in money, as its notice says (specification 10)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from agreements.models import Agreement
from agreements.term_impact import DAYS, MONTHS, TermImpact
from lib.money import to_cents
from payouts.commissions import backtest


def measure_impact(
    *, agreement: Agreement, affiliate_ids: Collection[UUID], now: datetime
) -> Mapping[UUID, TermImpact]:
    """Return an average month's commission of the last 90 days, as it was and under `agreement`, in the program's currency.

    An affiliate without an order in these days is left out. The mean is rounded for display; nothing is posted by it.
    """
    found = backtest.by_affiliate(
        agreement=agreement, since=now - timedelta(days=DAYS), until=now, affiliate_ids=affiliate_ids
    )
    return {pk: TermImpact(to_cents(was / MONTHS), to_cents(becomes / MONTHS)) for pk, (was, becomes) in found.items()}
