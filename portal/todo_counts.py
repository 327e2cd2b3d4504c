"""How much work waits for staff, and since when or until when (specification 10).

A count is the number of rows of the admin's list that its entry links to: both are the same query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.admin.utils import prepare_lookup_value
from django.db.models import Count, DateTimeField, Min, Model, QuerySet, Sum, Value
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates import applications, channels
from affiliates.models import Affiliate, Channel
from payouts.closing import close
from payouts.models import Close, Payout
from portal import integrity_checks, scheduled_tasks
from shops import unrated_categories
from shops.connectors import api_failures, checklist
from shops.models import Connection
from tracking.models import ClickLoss

SOON = timedelta(days=3)
WEEK = timedelta(days=7)
# Of the shop connections in a hint.
MAX_NAMED = 5


class Tally(NamedTuple):
    """How many items wait.

    `due_at` is when the first of them is due, and `since` since when the oldest waits; None without such a time.
    `hint` and `query` replace those of the entry.
    """

    number: int
    due_at: datetime | None = None
    since: datetime | None = None
    is_late: bool = False
    hint: str | Promise = ""
    query: Mapping[str, str] | None = None


@dataclass(frozen=True)
class OpenRows:
    """The rows of `model` that wait, listed in the admin by `query`.

    They have a deadline in the field `due`, or wait since `since` and should not wait longer than `patience`.
    `list_rows` is given if a filter of the list itself selects them.
    """

    model: type[Model]
    query: Mapping[str, str]
    due: str = ""
    since: str = ""
    patience: timedelta = WEEK
    always_late: bool = False
    list_rows: Callable[[], QuerySet[Any]] | None = None

    def get_rows(self) -> QuerySet[Any]:
        """Return the rows, as the admin reads the query of their list."""
        if self.list_rows is not None:
            return self.list_rows()
        lookups = {lookup: prepare_lookup_value(lookup, value) for lookup, value in self.query.items()}
        rows: QuerySet[Any] = self.model._default_manager.filter(**lookups)
        return rows

    def build_tally(self, number: int, first_at: datetime | None, now: datetime) -> Tally:
        """Return the tally of `number` rows of which the first is due at, or waits since, `first_at`."""
        if not number or first_at is None:
            return Tally(number, is_late=bool(number) and self.always_late)
        if self.due:
            return Tally(number, due_at=first_at, is_late=first_at < now + SOON)
        due_at = now if self.always_late else first_at + self.patience
        return Tally(number, due_at=due_at, since=first_at, is_late=self.always_late or due_at < now)


# Listed by the filters of `portal/admin/list_filters.py`.
APPLICATIONS = OpenRows(
    Affiliate,
    {"application": "to_decide"},
    since="applied_at",
    list_rows=lambda: applications.filter_decidable(Affiliate.objects.all()),
)
CHANNELS = OpenRows(
    Channel,
    {"decision": "open"},
    since="added_at",
    list_rows=lambda: channels.filter_decidable(Channel.objects.all()),
)
# Listed by a filter of `payouts/admin/payouts.py`.
CAME_BACK = OpenRows(
    Payout,
    {"came_back": "open"},
    since="returned_at",
    patience=SOON,
    list_rows=Payout.objects.came_back,
)


def tally_rows(sources: Sequence[OpenRows], now: datetime) -> list[Tally]:
    """Return the tally of each source, all read by one query."""
    if not sources:
        return []
    first, *others = (_build_count(source, place) for place, source in enumerate(sources))
    found = {place: (number, first_at) for place, number, first_at in first.union(*others, all=True)}
    return [source.build_tally(*found.get(place, (0, None)), now) for place, source in enumerate(sources)]


def _build_count(source: OpenRows, place: int) -> QuerySet[Any, Any]:
    rows = source.get_rows().order_by().annotate(place=Value(place)).values("place")
    first_at = Cast(Min(source.due or source.since), DateTimeField())
    counted: QuerySet[Any, Any] = rows.annotate(number=Count("pk"), first_at=first_at)
    return counted.values_list("place", "number", "first_at")


def tally_due_months(now: datetime) -> Tally:
    """Count due months: beat closes them, so one that remains is late."""
    due = close.list_due_months(now)
    return Tally(len(due), due_at=now if due else None, is_late=bool(due))


def tally_close_exceptions(now: datetime) -> Tally:
    last = Close.objects.order_by("-period").first()
    number = last.exceptions.count() if last else 0
    return Tally(
        number,
        due_at=now if number else None,
        is_late=number > 0,
        query={"close__id__exact": str(last.pk)} if last else None,
    )


def tally_silent_connections(now: datetime) -> Tally:
    silent = [one.connection for one in checklist.list_silent(now=now)]
    return _tally_connections(silent, now, _("no event for much longer than usual: %(names)s"))


def tally_failing_shop_apis(now: datetime) -> Tally:
    failing = api_failures.list_lasting(now=now)
    return _tally_connections(failing, now, _("they have failed for more than an hour: %(names)s"))


def _tally_connections(found: Sequence[Connection], now: datetime, hint: str) -> Tally:
    if not found:
        return Tally(0)
    names = ", ".join(str(one) for one in found[:MAX_NAMED])
    query = {"id__in": ",".join(str(one.pk) for one in found)}
    return Tally(len(found), due_at=now, is_late=True, hint=hint % {"names": names}, query=query)


def tally_unrated_categories(now: datetime) -> Tally:
    return Tally(unrated_categories.count_unrated_categories(now=now))


def tally_lost_clicks(now: datetime) -> Tally:
    """Count the losses of the last week; each may be of many clicks."""
    since = (now - WEEK).replace(minute=0, second=0, microsecond=0)
    found = ClickLoss.objects.filter(recorded_at__gte=since).aggregate(
        number=Count("pk"), clicks=Sum("count"), first_at=Min("recorded_at")
    )
    clicks = found["clicks"] or 0
    hint = ngettext(
        "%(clicks)s click was redirected in the last 7 days but not recorded",
        "%(clicks)s clicks were redirected in the last 7 days but not recorded",
        clicks,
    ) % {"clicks": f"{clicks:,}"}
    return Tally(
        found["number"],
        due_at=now if found["number"] else None,
        since=found["first_at"],
        is_late=found["number"] > 0,
        hint=hint if found["number"] else "",
        query={"recorded_at__gte": since.isoformat()},
    )


def tally_problem_tasks(now: datetime) -> Tally:
    number = sum(status.state in scheduled_tasks.PROBLEM_STATES for status in scheduled_tasks.list_task_statuses(now))
    return Tally(number, due_at=now if number else None, is_late=number > 0)


def tally_failed_checks(now: datetime) -> Tally:
    number = sum(bool(check.violation) for check in integrity_checks.list_latest_checks())
    return Tally(number, due_at=now if number else None, is_late=number > 0)
