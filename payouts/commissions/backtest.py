"""Backtest of an agreement version: what past orders would have earned under its terms (specification 2 and 5).

The version's rates, ceiling, cap and attribution window are applied to past orders, with the promotions that ran then,
in a read-only transaction.
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
from agreements.models import AgreementVersion, Promotion, Rate
from agreements.published_versions import list_published_versions
from payouts.commissions import backtest_sql
from tracking.orders import wider_window

# The number of most affected affiliates that are listed.
MAX_LISTED = 20


class CategoryImpact(NamedTuple):
    """Commissions of one category, actual and projected, in the program's currency."""

    category: str
    lines: int
    actual: Decimal
    projected: Decimal

    @property
    def difference(self) -> Decimal:
        return self.projected - self.actual


class AffiliateImpact(NamedTuple):
    """Commissions of one affiliate, actual and projected, in the program's currency."""

    affiliate: Affiliate
    lines: int
    actual: Decimal
    projected: Decimal

    @property
    def difference(self) -> Decimal:
        return self.projected - self.actual


class Backtest(NamedTuple):
    """The result of a backtest over the orders placed from `since` up to `until`; `gained` and `lost` are positive."""

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
    def affected(self) -> int:
        """Return the number of affiliates whose commissions would change."""
        return self.gainers + self.losers

    @property
    def unchanged(self) -> int:
        """Return the number of affiliates whose commissions would not change."""
        return self.affiliates - self.affected


def run_backtest(*, agreement: AgreementVersion, since: datetime, until: datetime) -> Backtest:
    """Backtest `agreement`, published or not, on the orders placed from `since` up to `until`.

    Raises Rejected unless it has exactly one rate for everything else and at most one rate for each category.
    """
    with _open_query(agreement, since, until) as (cursor, lines_sql, values):
        cursor.execute(lines_sql + backtest_sql.TOTALS, values | {"most": MAX_LISTED})
        rows = cursor.fetchall()
    lines, actual, projected, gainers, losers, affiliates, gained, lost = next(
        row[3:] for row in rows if row[0] == "sum"
    )
    listed = Affiliate.objects.in_bulk([row[1] for row in rows if row[0] == "affiliate"])
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
        most_affected=[AffiliateImpact(listed[row[1]], *row[3:6]) for row in rows if row[0] == "affiliate"],
    )


def backtest_by_affiliate(
    *, agreement: AgreementVersion, since: datetime, until: datetime, affiliate_ids: Collection[UUID] | None = None
) -> dict[UUID, tuple[Decimal, Decimal]]:
    """Return {affiliate id: (actual, projected)} for affiliates with orders, all or those in `affiliate_ids`."""
    with _open_query(agreement, since, until) as (cursor, lines_sql, values):
        wanted = None if affiliate_ids is None else list(affiliate_ids)
        cursor.execute(lines_sql + backtest_sql.BY_AFFILIATE, values | {"affiliates": wanted})
        return {pk: (actual, projected) for pk, actual, projected in cursor.fetchall()}


@contextmanager
def _open_query(
    agreement: AgreementVersion, since: datetime, until: datetime
) -> Iterator[tuple[CursorWrapper, str, dict[str, Any]]]:
    """Yield a read-only cursor, the SQL of the lines and its parameters."""
    windows = [version.attribution_days for version in list_published_versions()]
    longer = any(agreement.attribution_days > days for days in windows)
    gained = (
        list(wider_window.find_gained_orders(days=agreement.attribution_days, since=since, until=until))
        if longer
        else []
    )
    rates = list(agreement.rates.all())
    lines_sql = backtest_sql.build_lines_sql(
        shorter_window=any(agreement.attribution_days < days for days in windows),
        gained=bool(gained),
        promotions=Promotion.objects.filter(starts_at__lt=until, ends_at__gt=since).exists(),
        cap=agreement.order_commission_cap is not None,
    )
    values = {
        "since": since,
        "until": until,
        "categories": [rate.category for rate in rates],
        "percents": [rate.percent for rate in rates],
        "everything_else": _get_default_rate(agreement, rates),
        "ceiling": agreement.rate_ceiling,
        "cap": agreement.order_commission_cap,
        "attribution_days": agreement.attribution_days,
        "gained_orders": [order for order, _affiliate in gained],
        "gained_by": [affiliate for _order, affiliate in gained],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield cursor, lines_sql, values


def _get_default_rate(agreement: AgreementVersion, rates: Sequence[Rate]) -> Decimal:
    defaults: list[Decimal] = [rate.percent for rate in rates if rate.everything_else]
    if len(defaults) != 1:
        raise Rejected(_("Version %s has no rate for everything else. Add one first.") % agreement.name)
    if len({rate.category for rate in rates}) != len(rates):
        raise Rejected(_("Version %s has two rates for one category. Remove one first.") % agreement.name)
    return defaults[0]
