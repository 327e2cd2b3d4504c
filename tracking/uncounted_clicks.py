"""Visits of tracking links that need a look: deep links that failed, and visits that were not counted."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncDate

from affiliates.models import Affiliate
from tracking.models import Click, Link

DAYS = 30
_MAX_ROWS = 20
# What a link is called.
_LINK = ("link__name", "link__own_name", "link__code")


class FailedDeepLink(NamedTuple):
    """What deep links of a link requested on a day (UTC), and how often."""

    link: Link
    requested: str
    day: date
    visits: int


class UncountedVisits(NamedTuple):
    """`label` says why the visits were not counted."""

    label: str
    visits: int


def list_failed_deep_links(
    affiliate: Affiliate, *, now: datetime, links: Sequence[UUID] | None = None
) -> list[FailedDeepLink]:
    """Return the affiliate's failed deep links of the last 30 days by day, newest first, or those of some links."""
    clicks = _select_recent(affiliate, now=now).exclude(failed_deep_link="")
    if links is not None:
        clicks = clicks.filter(link__in=links)
    rows = (
        clicks.values("link_id", "failed_deep_link", *_LINK, day=TruncDate("at"))
        .annotate(count=Count("pk"), newest=Max("at"))
        .order_by("-newest", "failed_deep_link")[:_MAX_ROWS]
    )
    return [FailedDeepLink(_build_link(row), row["failed_deep_link"], row["day"], row["count"]) for row in rows]


def _build_link(row: dict[str, Any]) -> Link:
    return Link(pk=row["link_id"], **{name.removeprefix("link__"): row[name] for name in _LINK})


def count_uncounted_visits(link: Link, *, now: datetime) -> list[UncountedVisits]:
    """Return how many visits of the link were not counted in the last 30 days, by reason, most frequent first."""
    clicks = _select_recent(link.affiliate, now=now).filter(link=link).exclude(kind=Click.Kind.COUNTED)
    rows = clicks.order_by().values("kind").annotate(count=Count("pk")).order_by("-count", "kind")
    return [UncountedVisits(str(Click.Kind(row["kind"]).label), row["count"]) for row in rows]


def _select_recent(affiliate: Affiliate, *, now: datetime) -> QuerySet[Click]:
    return Click.objects.filter(link__affiliate=affiliate, at__gte=now - timedelta(days=DAYS), at__lte=now)
