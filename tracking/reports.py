"""What came of an affiliate's links and coupons: clicks, orders, conversion and sales, split in one of several ways."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Count, F, Func, OuterRef, Q, QuerySet, Subquery, Sum, UUIDField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate
from agreements.models import Agreement
from tracking.click_ids import NONCE_IN_SQL
from tracking.models import Click, Link, Order, OrderLine, Status

MOST_DAYS = 731


class By(models.TextChoices):
    """What a report can be split by. Of a category and a country clicks know nothing: only orders do."""

    DAY = "day", gettext_lazy("day")
    LINK = "link", gettext_lazy("link")
    SUB1 = "sub1", gettext_lazy("sub-id 1")
    SUB2 = "sub2", gettext_lazy("sub-id 2")
    SUB3 = "sub3", gettext_lazy("sub-id 3")
    SUB4 = "sub4", gettext_lazy("sub-id 4")
    SUB5 = "sub5", gettext_lazy("sub-id 5")
    CATEGORY = "category", gettext_lazy("category")
    COUNTRY = "country", gettext_lazy("country")


SUBS = (By.SUB1, By.SUB2, By.SUB3, By.SUB4, By.SUB5)
WITHOUT_CLICKS = (By.CATEGORY, By.COUNTRY)


class Row(NamedTuple):
    """`clicks` is None where they can't be told apart; `by_click` is how many of the orders came by a link."""

    key: Any
    label: str
    clicks: int | None
    orders: int
    by_click: int
    sales: Decimal

    @property
    def conversion(self) -> Decimal | None:
        """Orders that came by a link for each hundred clicks; None without clicks."""
        return Decimal(100 * self.by_click) / self.clicks if self.clicks else None


class Report(NamedTuple):
    by: By
    rows: list[Row]
    total: Row


def check_days(since: date, until: date) -> None:
    """Refuse, by field, days in the wrong order, too many of them, and years that no calendar needs."""
    if until < since:
        raise ValidationError({"until": _("The last day is before the first.")})
    if since.year < 1990 or until.year > 2200:
        raise ValidationError({"since": _("Choose days between 1990 and 2200.")})
    if (until - since).days >= MOST_DAYS:
        raise ValidationError({"until": _("A report is of two years at most.")})


def zone() -> ZoneInfo:
    """The program's time zone, in which its days begin (CONTRACT 2); UTC before the first agreement."""
    return ZoneInfo(Agreement.objects.published().values_list("time_zone", flat=True).first() or "UTC")


def report(affiliate: Affiliate | UUID, *, by: By, since: date, until: date, here: ZoneInfo) -> Report:
    """The affiliate's clicks and orders from the first to the last day, both included, in the time zone `here`.

    Clicks are those that count. Orders are the affiliate's by their time of placing, without cancelled ones; sales are
    what customers paid less what they got back.
    """
    check_days(since, until)
    begin = datetime.combine(since, time.min, here)
    end = datetime.combine(until + timedelta(days=1), time.min, here)
    clicks = Click.objects.filter(link__affiliate=affiliate, kind=Click.Kind.COUNTED, at__gte=begin, at__lt=end)
    orders = Order.objects.for_affiliate(affiliate).filter(placed_at__gte=begin, placed_at__lt=end)
    orders = orders.exclude(status=Status.CANCELLED)
    rows = _rows(by, _clicks(clicks, by, here), _orders(orders, by, here), _sales(orders, by, here))
    return Report(by, rows, _total(rows, by, clicks, orders))


def _total(rows: list[Row], by: By, clicks: QuerySet[Click], orders: QuerySet[Order]) -> Row:
    # Orders are counted by themselves: one with lines of two categories is one order.
    counts = orders.aggregate(orders=Count("pk"), by_click=Count("pk", filter=Q(link__isnull=False)))
    clicked = clicks.count() if by in WITHOUT_CLICKS else sum(row.clicks or 0 for row in rows)
    sales = sum((row.sales for row in rows), Decimal("0.00"))
    return Row(None, _("total"), clicked, counts["orders"], counts["by_click"], sales)


def _clicks(clicks: QuerySet[Click], by: By, here: ZoneInfo) -> dict[Any, int]:
    if by in WITHOUT_CLICKS:
        return {}
    key: Combinable = TruncDate("at", tzinfo=here) if by is By.DAY else F("link_id" if by is By.LINK else by.value)
    return dict(clicks.order_by().annotate(key=key).values_list("key").annotate(found=Count("pk")))


def _orders(orders: QuerySet[Order], by: By, here: ZoneInfo) -> dict[Any, tuple[int, int]]:
    """How many orders, and how many of them by a link, for each key."""
    if by is By.CATEGORY:
        lines = OrderLine.objects.filter(order__in=orders).order_by().values_list("category")
        by_link = Q(order__link__isnull=False)
        counts = lines.annotate(
            found=Count("order", distinct=True), by_click=Count("order", distinct=True, filter=by_link)
        )
    else:
        keyed = _keyed(orders.order_by(), by, here, "").values_list("key")
        counts = keyed.annotate(found=Count("pk"), by_click=Count("pk", filter=Q(link__isnull=False)))
    return {key: (found, by_click) for key, found, by_click in counts}


def _sales(orders: QuerySet[Order], by: By, here: ZoneInfo) -> dict[Any, Decimal]:
    lines = _keyed(OrderLine.objects.filter(order__in=orders).order_by(), by, here, "order__")
    return dict(lines.values_list("key").annotate(sold=Sum(F("amount") - F("refunded"))))


def _keyed(rows: Any, by: By, here: ZoneInfo, prefix: str) -> Any:
    """Orders or lines with what they belong to as `key`; `prefix` leads to the order."""
    if by is By.DAY:
        return rows.annotate(key=TruncDate(f"{prefix}placed_at", tzinfo=here))
    if by not in SUBS:
        field = {By.LINK: f"{prefix}link_id", By.COUNTRY: f"{prefix}country", By.CATEGORY: "category"}[by]
        return rows.annotate(key=F(field))
    # Of the click that the order came by; of the link where the record of the click was lost. A coupon has none.
    came_by_click = When(**{f"{prefix}link__isnull": False}, then=Func(F(f"{prefix}click_id"), template=NONCE_IN_SQL))
    rows = rows.annotate(nonce=Case(came_by_click, output_field=UUIDField()))
    recorded = Subquery(Click.objects.filter(pk=OuterRef("nonce")).values(by.value)[:1])
    return rows.annotate(key=Coalesce(recorded, F(f"{prefix}link__{by.value}"), Value("")))


def _rows(by: By, clicks: dict[Any, int], orders: dict[Any, tuple[int, int]], sales: dict[Any, Decimal]) -> list[Row]:
    keys = _sorted(by, {*clicks, *orders, *sales})
    labels = _labels(by, keys)
    nothing = None if by in WITHOUT_CLICKS else 0
    rows = [
        Row(key, labels[key], clicks.get(key, nothing), *orders.get(key, (0, 0)), sales.get(key) or Decimal("0.00"))
        for key in keys
    ]
    return rows if by is By.DAY else sorted(rows, key=lambda row: (-row.sales, -(row.clicks or 0), row.label))


def _sorted(by: By, keys: Iterable[Any]) -> list[Any]:
    return sorted(keys, reverse=True) if by is By.DAY else list(keys)


def _labels(by: By, keys: list[Any]) -> dict[Any, str]:
    if by is By.LINK:
        names = {link.pk: str(link) for link in Link.objects.filter(pk__in=[key for key in keys if key])}
        return {key: names.get(key, _("coupons")) for key in keys}
    if by is By.DAY:
        return {key: key.isoformat() for key in keys}
    return {key: key or _("none") for key in keys}
