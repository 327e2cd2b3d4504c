"""What came of an affiliate's links and coupons, or of everybody's: read from roll-ups, exact to the moment (CONTRACT 10)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, models
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate
from payouts.reporting import labels
from payouts.reporting.figures import MEASURES, Figures, sum_figures
from payouts.reporting.report_sql import build_report_sql
from payouts.reporting.spans import Span, get_previous_span

# More values of one dimension than anybody reads; those with the highest commission are shown.
MAX_ROWS = 10_000


class GroupBy(models.TextChoices):
    """What a report can be split by. Of a category and a country clicks know nothing: only orders do."""

    DAY = "day", gettext_lazy("day")
    AFFILIATE = "affiliate", gettext_lazy("affiliate")
    LINK = "link", gettext_lazy("link")
    SUB1 = "sub1", gettext_lazy("sub-id 1")
    SUB2 = "sub2", gettext_lazy("sub-id 2")
    SUB3 = "sub3", gettext_lazy("sub-id 3")
    SUB4 = "sub4", gettext_lazy("sub-id 4")
    SUB5 = "sub5", gettext_lazy("sub-id 5")
    CATEGORY = "category", gettext_lazy("category")
    COUNTRY = "country", gettext_lazy("country")
    DEVICE = "device", gettext_lazy("device class")


WITHOUT_CLICKS = (GroupBy.CATEGORY, GroupBy.COUNTRY)


class Row(NamedTuple):
    """One value's figures, and those of the period before; `previous_day` is which day that is, in a report by day."""

    key: str
    label: str
    current: Figures
    previous: Figures
    previous_day: date | None = None

    @property
    def commission_change(self) -> Decimal:
        """How much more commission there is than before; negative where it is less."""
        return self.current.commission - self.previous.commission


class Report(NamedTuple):
    """`days` holds the totals of every day of both periods; `omitted_rows` is how many rows there are beyond MOST_ROWS."""

    by: GroupBy
    span: Span
    previous_span: Span
    rows: Sequence[Row]
    total: Row
    days: Mapping[date, Figures]
    omitted_rows: int


def build_report(*, affiliate: Affiliate | UUID | None, by: GroupBy, span: Span, zone: ZoneInfo) -> Report:
    """The clicks, orders, sales and commission of one affiliate, or of all for None, beside those of the period before.

    Days are those of the program's `zone`. Orders are the affiliate's, by their time of placing, without cancelled ones;
    sales are what customers paid less what they got back, commission is what that earns by today's knowledge.
    """
    previous_span = get_previous_span(span)
    found = _query_groups(affiliate, by, span, previous_span, zone)
    days = {date.fromisoformat(key): _add_figures(*both) for kind, key, _count, *both in found if kind == "day"}
    if by is GroupBy.DAY:
        rows, omitted_rows = _build_day_rows(span, previous_span, days), 0
    else:
        rows, omitted_rows = _build_value_rows(by, found, all_affiliates=affiliate is None)
    whole = Row("", "", _sum_days(days, span), _sum_days(days, previous_span))
    return Report(by, span, previous_span, rows, whole, days, omitted_rows)


def get_daily_figures(*, affiliate: Affiliate | UUID | None, span: Span, zone: ZoneInfo) -> dict[date, Figures]:
    """The figures of each day of the period on which there was anything."""
    found = _query_rows(affiliate, "total", span.first, span, zone)
    return {date.fromisoformat(key): now for _kind, key, _count, now, _before in found}


def _query_groups(
    affiliate: Affiliate | UUID | None, by: GroupBy, span: Span, previous_span: Span, zone: ZoneInfo
) -> list[tuple[str, str, int, Figures, Figures]]:
    return _query_rows(
        affiliate, "total" if by is GroupBy.DAY else by.value, span.first, Span(previous_span.first, span.last), zone
    )


def _query_rows(
    affiliate: Affiliate | UUID | None, split: str, since: date, days: Span, zone: ZoneInfo
) -> list[tuple[str, str, int, Figures, Figures]]:
    # Around the days for the index alone: a day itself is told by the database.
    begin = datetime.combine(days.first, time.min, zone) - timedelta(hours=2)
    given = {
        "affiliate": affiliate.pk if isinstance(affiliate, Affiliate) else affiliate,
        "first": days.first,
        "last": days.last,
        "since": since,
        "from": begin,
        "until": datetime.combine(days.last + timedelta(days=1), time.min, zone) + timedelta(hours=2),
        "dimensions": ["total", split],
        "most": MAX_ROWS,
    }
    with connection.cursor() as cursor:
        cursor.execute(build_report_sql(for_one_affiliate=affiliate is not None, split=split), given)
        return [(kind, key, count, *_parse_figures(measures)) for kind, key, count, *measures in cursor.fetchall()]


def _parse_figures(measures: Sequence[Decimal]) -> tuple[Figures, Figures]:
    """Each measure's figure now and before, in turn."""
    assert len(measures) == 2 * len(MEASURES)
    now, then = (
        Figures(int(clicks), int(orders), int(clicked), *amounts)
        for clicks, orders, clicked, *amounts in (measures[::2], measures[1::2])
    )
    return now, then


def _add_figures(one: Figures, other: Figures) -> Figures:
    # A day is of now or of before: one of the two is empty.
    return sum_figures([one, other])


def _sum_days(days: Mapping[date, Figures], span: Span) -> Figures:
    return sum_figures([figures for day, figures in days.items() if span.first <= day <= span.last])


def _build_day_rows(span: Span, previous_span: Span, days: Mapping[date, Figures]) -> list[Row]:
    """A row for each day of the period, the newest first, with the day at the same place before."""
    places = dict(zip(span.iter_days(), previous_span.iter_days(), strict=False))
    rows = []
    for day in sorted(span.iter_days(), reverse=True):
        place = places.get(day)
        then = days.get(place, Figures()) if place else Figures()
        rows.append(Row(day.isoformat(), day.isoformat(), days.get(day, Figures()), then, place))
    return rows


def _build_value_rows(
    by: GroupBy, found: Sequence[tuple[str, str, int, Figures, Figures]], *, all_affiliates: bool
) -> tuple[list[Row], int]:
    values = [(key, now, before) for kind, key, _count, now, before in found if kind == "value"]
    values += [("", now, then) for kind, _key, _count, now, then in found if kind == "rest" and (any(now) or any(then))]
    many = max((count for kind, _key, count, *_ in found if kind == "value"), default=0)
    names = labels.get_labels(by.value, [key for key, _now, _before in values], all_affiliates=all_affiliates)
    if by in WITHOUT_CLICKS:
        values = [(key, now._replace(clicks=None), then._replace(clicks=None)) for key, now, then in values]
    rows = [Row(key, names[key], now, then) for key, now, then in values]
    return sorted(rows, key=_get_sort_key), max(0, many - MAX_ROWS)


def _get_sort_key(row: Row) -> tuple[Any, ...]:
    return (-row.current.commission, -row.current.sales, -(row.current.clicks or 0), row.label)
