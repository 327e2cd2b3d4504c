"""Rehearsing a version of the agreement: what orders that were would have earned under it (CONTRACT 2 and 5).

It applies the version's rates, ceiling, cap and attribution window to the orders of a time, with the promotions that ran then.
Nothing is written, and the database is told so.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Promotion
from payouts.commissions import backtest_sql
from tracking.orders import wider_window

MAX_LISTED = 20
"""How many of the most affected affiliates are named."""


class CategoryImpact(NamedTuple):
    """One category's lines: what they earned, and what they would have. Amounts in the program's currency."""

    category: str
    lines: int
    actual: Decimal
    projected: Decimal

    @property
    def difference(self) -> Decimal:
        return self.projected - self.actual


class AffiliateImpact(NamedTuple):
    """One affiliate: what they earned, and what they would have."""

    affiliate: Affiliate
    lines: int
    actual: Decimal
    projected: Decimal

    @property
    def difference(self) -> Decimal:
        return self.projected - self.actual


class Backtest(NamedTuple):
    """The draft over the orders placed from `since` up to `until`. `gained` and `lost` are sums above zero."""

    since: datetime
    until: datetime
    lines: int
    actual: Decimal
    projected: Decimal
    affiliates: int
    gainers: int
    losers: int
    gained: Decimal
    lost: Decimal
    categories: Sequence[CategoryImpact]
    most_affected: Sequence[AffiliateImpact]

    @property
    def difference(self) -> Decimal:
        return self.projected - self.actual

    @property
    def unchanged(self) -> int:
        """How many affiliates would have earned as much."""
        return self.affiliates - self.gainers - self.losers


def run_backtest(*, agreement: AgreementVersion, since: datetime, until: datetime) -> Backtest:
    """`agreement`, published or not, over the orders placed from `since` up to `until`.

    Refuses a draft that has not exactly one rate for everything else, or two for one category.
    """
    with _open_query(agreement, since, until) as (cursor, question, values):
        cursor.execute(question + backtest_sql.TOTALS, values | {"most": MAX_LISTED})
        rows = cursor.fetchall()
    lines, actual, projected, gainers, losers, affiliates, gained, lost = next(
        row[3:] for row in rows if row[0] == "sum"
    )
    named = Affiliate.objects.in_bulk([row[1] for row in rows if row[0] == "affiliate"])
    return Backtest(
        since=since,
        until=until,
        lines=lines,
        actual=actual,
        projected=projected,
        affiliates=affiliates,
        gainers=gainers,
        losers=losers,
        gained=gained,
        lost=lost,
        categories=[CategoryImpact(*row[2:6]) for row in rows if row[0] == "category"],
        most_affected=[AffiliateImpact(named[row[1]], *row[3:6]) for row in rows if row[0] == "affiliate"],
    )


def backtest_by_affiliate(
    *, agreement: AgreementVersion, since: datetime, until: datetime, affiliate_ids: Collection[UUID] | None = None
) -> dict[UUID, tuple[Decimal, Decimal]]:
    """{affiliate: (what they earned, what they would have)} of those named, else of all; who had no order is left out."""
    with _open_query(agreement, since, until) as (cursor, question, values):
        named = None if affiliate_ids is None else list(affiliate_ids)
        cursor.execute(question + backtest_sql.BY_AFFILIATE, values | {"affiliates": named})
        return {pk: (actual, projected) for pk, actual, projected in cursor.fetchall()}


@contextmanager
def _open_query(
    agreement: AgreementVersion, since: datetime, until: datetime
) -> Iterator[tuple[CursorWrapper, str, dict[str, Any]]]:
    """A cursor that cannot write, the question's common part and its values."""
    days = AgreementVersion.objects.published().values_list("attribution_days", flat=True)
    longer = any(agreement.attribution_days > then for then in days)
    gained = (
        list(wider_window.find_gained_orders(days=agreement.attribution_days, since=since, until=until))
        if longer
        else []
    )
    rates = list(agreement.rates.all())
    question = backtest_sql.build_lines_sql(
        shorter_window=any(agreement.attribution_days < then for then in days),
        gained=bool(gained),
        promotions=Promotion.objects.filter(starts_at__lt=until, ends_at__gt=since).exists(),
        cap=agreement.order_commission_cap is not None,
    )
    values = {
        "since": since,
        "until": until,
        "categories": [rate.category for rate in rates],
        "percents": [rate.percent for rate in rates],
        "everything_else": _get_default_rate(agreement),
        "ceiling": agreement.rate_ceiling,
        "cap": agreement.order_commission_cap,
        "attribution_days": agreement.attribution_days,
        "gained_orders": [order for order, _affiliate in gained],
        "gained_by": [affiliate for _order, affiliate in gained],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield cursor, question, values


def _get_default_rate(agreement: AgreementVersion) -> Decimal:
    rates = list(agreement.rates.all())
    standing: list[Decimal] = [rate.percent for rate in rates if rate.everything_else]
    if len(standing) != 1:
        raise Rejected(_("Version %s has no rate for everything else: mend that first.") % agreement.name)
    if len({rate.category for rate in rates}) != len(rates):
        raise Rejected(_("Version %s has two rates for one category: mend that first.") % agreement.name)
    return standing[0]
