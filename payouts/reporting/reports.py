"""Clicks, orders and earnings of one or all affiliates, from daily totals and the latest changes (specification 10)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate
from lib.replica import get_read_connection
from payouts.reporting import labels
from payouts.reporting.figures import MEASURES, Figures, sum_figures
from payouts.reporting.report_sql import build_report_sql
from payouts.reporting.spans import Span, get_previous_span

# Only the values with the highest commission are shown.
MAX_ROWS = 10_000


class GroupBy(models.TextChoices):
    """What a report can be grouped by."""

    DAY = "day", gettext_lazy("day")
    AFFILIATE = "affiliate", gettext_lazy("affiliate")
    LINK = "link", gettext_lazy("link")
    SUB1 = "sub1", gettext_lazy("sub-ID 1")
    SUB2 = "sub2", gettext_lazy("sub-ID 2")
    SUB3 = "sub3", gettext_lazy("sub-ID 3")
    SUB4 = "sub4", gettext_lazy("sub-ID 4")
    SUB5 = "sub5", gettext_lazy("sub-ID 5")
    CATEGORY = "category", gettext_lazy("category")
    COUNTRY = "country", gettext_lazy("country")
    DEVICE = "device", gettext_lazy("device")


# Clicks have no category and no country.
WITHOUT_CLICKS = (GroupBy.CATEGORY, GroupBy.COUNTRY)


class Row(NamedTuple):
    """The figures of one value and of the previous period; by day, `previous_day` is the compared day."""

    key: str
    label: str
    current: Figures
    previous: Figures
    previous_day: date | None = None

    @property
    def commission_change(self) -> Decimal:
        """Return the difference in commission to the previous period."""
        return self.current.commission - self.previous.commission


class Report(NamedTuple):
    """A report; `days` holds the totals of each day of both periods, `omitted_rows` counts the rows beyond MAX_ROWS."""

    by: GroupBy
    span: Span
    previous_span: Span
    rows: Sequence[Row]
    total: Row
    days: Mapping[date, Figures]
    omitted_rows: int


def build_report(
    *, affiliate: Affiliate | UUID | None, by: GroupBy, span: Span, zone: ZoneInfo, preset: str = ""
) -> Report:
    """Return clicks, orders, sales and commission of one affiliate, or of all for None, now and in the previous period.

    Days are those of the program's `zone`. Orders count on the day they were placed, without cancelled ones; sales are
    what customers paid less refunds; commission is its current amount.
    """
    previous_span = get_previous_span(span, preset)
    groups = _query_groups(affiliate, by, span, previous_span, zone)
    days = {date.fromisoformat(key): _add_figures(*both) for kind, key, _count, *both in groups if kind == "day"}
    if by is GroupBy.DAY:
        rows, omitted_rows = _build_day_rows(span, previous_span, days), 0
    else:
        rows, omitted_rows = _build_value_rows(by, groups, all_affiliates=affiliate is None)
    total = Row("", "", _sum_days(days, span), _sum_days(days, previous_span))
    return Report(by, span, previous_span, rows, total, days, omitted_rows)


def get_daily_figures(*, affiliate: Affiliate | UUID | None, span: Span, zone: ZoneInfo) -> dict[date, Figures]:
    """Return the figures of each day of the period; days without any are left out."""
    groups = _query_rows(affiliate, "total", span.first, span, zone)
    return {date.fromisoformat(key): now for _kind, key, _count, now, _before in groups}


def compare_values(
    *, affiliate: Affiliate | UUID, by: GroupBy, span: Span, previous_span: Span, zone: ZoneInfo
) -> dict[str, tuple[Figures, Figures]]:
    """Return the figures of each value of `by` in the period, and in the one that ends with the day before it."""
    groups = _query_groups(affiliate, by, span, previous_span, zone)
    return {key: (now, before) for kind, key, _count, now, before in groups if kind == "value"}


def sum_orders(*, affiliate: Affiliate | UUID, span: Span, zone: ZoneInfo, category: str = "") -> Figures:
    """Return the figures of all days together, of one category if named. Clicks are not counted."""
    groups = _query_rows(affiliate, "category" if category else "total", span.first, span, zone, with_clicks=False)
    if category:
        return sum_figures(now for kind, key, _count, now, _before in groups if (kind, key) == ("value", category))
    return sum_figures(now for kind, _key, _count, now, _before in groups if kind == "day")


def _query_groups(
    affiliate: Affiliate | UUID | None, by: GroupBy, span: Span, previous_span: Span, zone: ZoneInfo
) -> list[tuple[str, str, int, Figures, Figures]]:
    return _query_rows(
        affiliate, "total" if by is GroupBy.DAY else by.value, span.first, Span(previous_span.first, span.last), zone
    )


def _query_rows(
    affiliate: Affiliate | UUID | None,
    split: str,
    since: date,
    days: Span,
    zone: ZoneInfo,
    *,
    with_clicks: bool = True,
) -> list[tuple[str, str, int, Figures, Figures]]:
    # Two hours around the days, for the index alone: the database decides on which day a click was.
    start = datetime.combine(days.first, time.min, zone) - timedelta(hours=2)
    end = datetime.combine(days.last + timedelta(days=1), time.min, zone) + timedelta(hours=2)
    parameters = {
        "affiliate": affiliate.pk if isinstance(affiliate, Affiliate) else affiliate,
        "first": days.first,
        "last": days.last,
        "since": since,
        "from": start,
        "until": end if with_clicks else start,
        "dimensions": ["total", split],
        "limit": MAX_ROWS,
    }
    with get_read_connection().cursor() as cursor:
        cursor.execute(build_report_sql(for_one_affiliate=affiliate is not None, split=split), parameters)
        return [(kind, key, count, *_parse_figures(measures)) for kind, key, count, *measures in cursor.fetchall()]


def _parse_figures(measures: Sequence[Decimal]) -> tuple[Figures, Figures]:
    """Split alternating values of now and before into two sets of figures."""
    assert len(measures) == 2 * len(MEASURES)
    now, then = (
        Figures(int(clicks), int(orders), int(clicked), *amounts)
        for clicks, orders, clicked, *amounts in (measures[::2], measures[1::2])
    )
    return now, then


def _add_figures(one: Figures, other: Figures) -> Figures:
    # A day belongs to one of the two periods, so one of the two is empty.
    return sum_figures([one, other])


def _sum_days(days: Mapping[date, Figures], span: Span) -> Figures:
    return sum_figures([figures for day, figures in days.items() if span.first <= day <= span.last])


def _build_day_rows(span: Span, previous_span: Span, days: Mapping[date, Figures]) -> list[Row]:
    """Return a row for each day of the period, the newest first, with the corresponding day of the previous period."""
    previous_days = dict(zip(span.iter_days(), previous_span.iter_days(), strict=False))
    rows = []
    for day in sorted(span.iter_days(), reverse=True):
        previous_day = previous_days.get(day)
        previous = days.get(previous_day, Figures()) if previous_day else Figures()
        rows.append(Row(day.isoformat(), day.isoformat(), days.get(day, Figures()), previous, previous_day))
    return rows


def _build_value_rows(
    by: GroupBy, groups: Sequence[tuple[str, str, int, Figures, Figures]], *, all_affiliates: bool
) -> tuple[list[Row], int]:
    values = [(key, now, before) for kind, key, _count, now, before in groups if kind == "value"]
    values += [
        ("", now, then) for kind, _key, _count, now, then in groups if kind == "rest" and (any(now) or any(then))
    ]
    count = max((count for kind, _key, count, *_ in groups if kind == "value"), default=0)
    names = labels.get_labels(by.value, [key for key, _now, _before in values], all_affiliates=all_affiliates)
    if by in WITHOUT_CLICKS:
        values = [(key, now._replace(clicks=None), then._replace(clicks=None)) for key, now, then in values]
    rows = [Row(key, names[key], now, then) for key, now, then in values]
    return sorted(rows, key=_get_sort_key), max(0, count - MAX_ROWS)


def _get_sort_key(row: Row) -> tuple[Any, ...]:
    return (-row.current.commission, -row.current.sales, -(row.current.clicks or 0), row.label)
