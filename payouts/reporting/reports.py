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
from payouts.reporting.figures import MEASURES, Figures, total
from payouts.reporting.spans import Span, before
from payouts.reporting.statement import statement

# More values of one dimension than anybody reads; those with the highest commission are shown.
MOST_ROWS = 10_000


class By(models.TextChoices):
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


WITHOUT_CLICKS = (By.CATEGORY, By.COUNTRY)


class Row(NamedTuple):
    """One value's figures, and those of the period before; `before_day` is which day that is, in a report by day."""

    key: str
    label: str
    now: Figures
    before: Figures
    before_day: date | None = None

    @property
    def gained(self) -> Decimal:
        """How much more commission there is than before; negative where it is less."""
        return self.now.commission - self.before.commission


class Report(NamedTuple):
    """`days` holds the totals of every day of both periods; `left_out` is how many rows there are beyond MOST_ROWS."""

    by: By
    span: Span
    compared: Span
    rows: Sequence[Row]
    total: Row
    days: Mapping[date, Figures]
    left_out: int


def report(*, affiliate: Affiliate | UUID | None, by: By, span: Span, zone: ZoneInfo) -> Report:
    """The clicks, orders, sales and commission of one affiliate, or of all for None, beside those of the period before.

    Days are those of the program's `zone`. Orders are the affiliate's, by their time of placing, without cancelled ones;
    sales are what customers paid less what they got back, commission is what that earns by today's knowledge.
    """
    compared = before(span)
    found = _read(affiliate, by, span, compared, zone)
    days = {date.fromisoformat(key): _add(*both) for kind, key, _count, *both in found if kind == "day"}
    if by is By.DAY:
        rows, left_out = _by_day(span, compared, days), 0
    else:
        rows, left_out = _by_value(by, found, everybodys=affiliate is None)
    whole = Row("", "", _total(days, span), _total(days, compared))
    return Report(by, span, compared, rows, whole, days, left_out)


def by_day(*, affiliate: Affiliate | UUID | None, span: Span, zone: ZoneInfo) -> dict[date, Figures]:
    """The figures of each day of the period on which there was anything."""
    found = _rows(affiliate, "total", span.first, span, zone)
    return {date.fromisoformat(key): now for _kind, key, _count, now, _before in found}


def _read(
    affiliate: Affiliate | UUID | None, by: By, span: Span, compared: Span, zone: ZoneInfo
) -> list[tuple[str, str, int, Figures, Figures]]:
    return _rows(affiliate, "total" if by is By.DAY else by.value, span.first, Span(compared.first, span.last), zone)


def _rows(
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
        "most": MOST_ROWS,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement(of_one=affiliate is not None, split=split), given)
        return [(kind, key, count, *_figures(measures)) for kind, key, count, *measures in cursor.fetchall()]


def _figures(measures: Sequence[Decimal]) -> tuple[Figures, Figures]:
    """Each measure's figure now and before, in turn."""
    assert len(measures) == 2 * len(MEASURES)
    now, then = (
        Figures(int(clicks), int(orders), int(clicked), *amounts)
        for clicks, orders, clicked, *amounts in (measures[::2], measures[1::2])
    )
    return now, then


def _add(one: Figures, other: Figures) -> Figures:
    # A day is of now or of before: one of the two is empty.
    return total([one, other])


def _total(days: Mapping[date, Figures], span: Span) -> Figures:
    return total([figures for day, figures in days.items() if span.first <= day <= span.last])


def _by_day(span: Span, compared: Span, days: Mapping[date, Figures]) -> list[Row]:
    """A row for each day of the period, the newest first, with the day at the same place before."""
    places = dict(zip(span.each(), compared.each(), strict=False))
    rows = []
    for day in sorted(span.each(), reverse=True):
        place = places.get(day)
        then = days.get(place, Figures()) if place else Figures()
        rows.append(Row(day.isoformat(), day.isoformat(), days.get(day, Figures()), then, place))
    return rows


def _by_value(
    by: By, found: Sequence[tuple[str, str, int, Figures, Figures]], *, everybodys: bool
) -> tuple[list[Row], int]:
    values = [(key, now, before) for kind, key, _count, now, before in found if kind == "value"]
    values += [("", now, then) for kind, _key, _count, now, then in found if kind == "rest" and (any(now) or any(then))]
    many = max((count for kind, _key, count, *_ in found if kind == "value"), default=0)
    names = labels.of(by.value, [key for key, _now, _before in values], everybodys=everybodys)
    if by in WITHOUT_CLICKS:
        values = [(key, now._replace(clicks=None), then._replace(clicks=None)) for key, now, then in values]
    rows = [Row(key, names[key], now, then) for key, now, then in values]
    return sorted(rows, key=_weight), max(0, many - MOST_ROWS)


def _weight(row: Row) -> tuple[Any, ...]:
    return (-row.now.commission, -row.now.sales, -(row.now.clicks or 0), row.label)
