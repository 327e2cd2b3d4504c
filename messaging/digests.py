"""The weekly summary by e-mail, on Monday morning in the affiliate's time zone (specification 10)."""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from affiliates.notifications import Notice, notify_many
from lib.formatting import format_date, format_money, lazy_date
from mail.rendering import override_language
from messaging.models import DigestRun
from payouts.closing.payout_forecast import PayoutForecast, get_payout_forecast, get_unsettled_amounts
from tracking.models import Rollup

KIND = "weekly_digest"
MONDAY = 0
# If no task runs on Monday, a late summary is better than none until this hour of Tuesday.
EARLIEST_HOUR = 7
BATCH_SIZE = 200
SECONDS = 60.0
WEEK = timedelta(days=7)


class WeekFigures(NamedTuple):
    clicks: int
    orders: int
    earned: Any  # a Decimal in the program's currency


def send_due_digests(*, now: datetime, seconds: float = SECONDS) -> int:
    """Queue the summaries that are due, for about `seconds`. Return how many.

    A summary is sent to active affiliates who had a click, an order or a commission in the week and want it.
    """
    deadline, total = time.monotonic() + seconds, 0
    for zone in _list_time_zones():
        monday = find_due_monday(now, zone)
        if monday is None:
            continue
        run, _created = DigestRun.objects.get_or_create(monday=monday, time_zone=zone)
        while run.finished_at is None and time.monotonic() < deadline:
            number = _send_batch(run.pk, now)
            if number is None:
                break
            total += number
    return total


def find_due_monday(now: datetime, zone: str) -> date | None:
    """Return the Monday whose summaries are sent at `now` in `zone`: from its morning until a day later, else None."""
    try:
        local = now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = now.astimezone(ZoneInfo("UTC"))
    shifted = local.replace(tzinfo=None) - timedelta(hours=EARLIEST_HOUR)
    return shifted.date() if shifted.weekday() == MONDAY else None


def _list_time_zones() -> list[str]:
    zones = Affiliate.objects.filter(state=State.ACTIVE).order_by().values_list("time_zone", flat=True)
    return sorted(zones.distinct())


@transaction.atomic
def _send_batch(run_pk: UUID, now: datetime) -> int | None:
    """Queue the summaries of the next affiliates of a run; return how many, None at its end or if it is locked.

    The e-mails and the place reached are committed together, so that no one gets two.
    """
    run = DigestRun.objects.select_for_update(skip_locked=True).filter(pk=run_pk, finished_at=None).first()
    if run is None:
        return None
    waiting = Affiliate.objects.filter(state=State.ACTIVE, erased_at=None, time_zone=run.time_zone)
    if run.done_until:
        waiting = waiting.filter(pk__gt=run.done_until)
    affiliates = list(waiting.select_related("user").order_by("pk")[:BATCH_SIZE])
    if not affiliates:
        DigestRun.objects.filter(pk=run.pk).update(finished_at=now)
        return None
    notices = _build_notices([one for one in affiliates if KIND not in one.muted_kinds], run.monday, now)
    notify_many(kind="weekly_digest", notices=notices)
    DigestRun.objects.filter(pk=run.pk).update(done_until=affiliates[-1].pk)
    return len(notices)


def _build_notices(affiliates: Sequence[Affiliate], monday: date, now: datetime) -> list[Notice]:
    figures = _get_figures([one.pk for one in affiliates], monday)
    return [
        Notice(one, f"{one.pk}:{monday.isoformat()}", _build_context(one, figures[one.pk], monday, now))
        for one in affiliates
        if one.pk in figures
    ]


def _get_figures(affiliates: Sequence[UUID], monday: date) -> dict[UUID, WeekFigures]:
    """Return the figures of the week before `monday`, in days of the program's time zone, of those who have any."""
    days = Rollup.objects.filter(
        affiliate__in=affiliates,
        dimension=Rollup.Dimension.TOTAL,
        day__gte=monday - WEEK,
        day__lt=monday,
    )
    # The sums must not be named as the columns that they add up.
    sums = days.order_by().values_list("affiliate_id").annotate(Sum("clicks"), Sum("orders"), Sum("commission"))
    found = {pk: WeekFigures(*row) for pk, *row in sums}
    return {pk: figures for pk, figures in found.items() if any(figures)}


def _build_context(affiliate: Affiliate, figures: WeekFigures, monday: date, now: datetime) -> dict[str, Any]:
    context: dict[str, Any] = {
        "first_day": lazy_date(monday - WEEK),
        "last_day": lazy_date(monday - timedelta(days=1)),
        "clicks": figures.clicks,
        "orders": figures.orders,
    }
    forecast = get_payout_forecast(affiliate, now)
    if forecast is None:
        return context
    currency = forecast.agreement.currency
    unsettled = get_unsettled_amounts(affiliate, forecast.close.month)
    with override_language(affiliate.language):
        return context | {
            "earned": format_money(figures.earned, currency),
            "on_its_way": format_money(unsettled.due + unsettled.pending + unsettled.held, currency),
            "next_payout": _describe_next_payout(forecast),
        }


def _describe_next_payout(forecast: PayoutForecast) -> str:
    """Say what the next close is expected to pay, or what it waits for; "" while no close is scheduled."""
    if not forecast.is_program_open:
        return ""
    values = {
        "amount": format_money(forecast.expected, forecast.agreement.currency),
        "day": format_date(forecast.close.at.date()),
    }
    if forecast.requirements:
        return _("none yet. %(reason)s") % {"reason": forecast.requirements[0].text}
    return _("about %(amount)s, after the close on %(day)s") % values
