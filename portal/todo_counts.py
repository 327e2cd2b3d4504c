"""How much work waits for staff, and since when or until when (specification 10).

A count is the number of rows of the admin's list that its entry links to: both are the same query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.admin.utils import prepare_lookup_value
from django.db.models import Expression, Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from affiliates import applications, channels
from affiliates.models import Affiliate, Channel
from payouts.closing import close
from payouts.models import CloseException, Payout
from portal import integrity_checks, scheduled_tasks, todo_hints
from portal.models import ScheduledTask
from portal.row_counts import CountedRows, Counts
from shops import unrated_categories
from shops.connectors import api_failures, checklist
from shops.models import Connection, Reject
from tracking.models import ClickLoss

SOON = timedelta(days=3)
WEEK = timedelta(days=7)


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
    """The rows that wait, listed in the admin of `model` by `query`.

    They have a deadline in the field `due`, or wait since `since` and should not wait longer than `patience`.
    `list_rows` is given if a filter of the list itself selects them. `describe` returns a hint about them, from the sum
    of the field `amount` and their number by `label`.
    """

    model: type[Model]
    query: Mapping[str, str] | Callable[[datetime], Mapping[str, str]]
    due: str = ""
    since: str = ""
    patience: timedelta = WEEK
    always_late: bool = False
    list_rows: Callable[[], QuerySet[Any]] | None = None
    amount: str = ""
    label: Expression | None = None
    describe: Callable[[Counts], str | Promise] | None = None

    def build_query(self, now: datetime) -> Mapping[str, str]:
        """Return the query string of the list as names and values."""
        return self.query(now) if callable(self.query) else self.query

    def count_rows(self, now: datetime) -> CountedRows:
        """Return what to count: the rows as the admin reads the query of their list."""
        if self.list_rows is not None:
            rows = self.list_rows()
        else:
            lookups = {lookup: prepare_lookup_value(lookup, value) for lookup, value in self.build_query(now).items()}
            rows = self.model._default_manager.filter(**lookups)
        return CountedRows(rows, self.due or self.since, self.amount, self.label)

    def build_tally(self, counts: Counts, now: datetime) -> Tally:
        """Return the tally of the rows that were counted."""
        due_at, is_late = self._find_due_time(counts, now)
        since = None if self.due else counts.first_at
        hint = self.describe(counts) if self.describe and counts.number else ""
        return Tally(counts.number, due_at, since, is_late, hint, self.build_query(now))

    def _find_due_time(self, counts: Counts, now: datetime) -> tuple[datetime | None, bool]:
        """Return when the first row is due, and whether that is late."""
        if self.always_late and counts.number:
            return now, True
        if counts.first_at is None:
            return None, False
        if self.due:
            return counts.first_at, counts.first_at < now + SOON
        due_at = counts.first_at + self.patience
        return due_at, due_at < now


# Listed by the filters of `portal/admin/list_filters.py`.
APPLICATIONS = OpenRows(
    Affiliate,
    {"application": "to_decide"},
    since="applied_at",
    list_rows=lambda: applications.filter_decidable(Affiliate.objects.all()),
    describe=todo_hints.describe_applications,
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
# Listed by the filter of its list.
CLOSE_EXCEPTIONS = OpenRows(
    CloseException, {"of": "last"}, list_rows=CloseException.objects.of_last_close, always_late=True
)
REJECTS = OpenRows(
    Reject,
    {"state__exact": "open"},
    since="received_at",
    patience=SOON,
    label=todo_hints.SENDER,
    describe=todo_hints.describe_rejects,
)
# Shown beside the scheduled tasks.
FAILED_CHECKS = OpenRows(
    ScheduledTask, {"problems": "checks"}, list_rows=integrity_checks.list_failed, always_late=True
)
# Each may be of many clicks.
LOST_CLICKS = OpenRows(
    ClickLoss,
    lambda now: {"recorded_at__gte": (now - WEEK).replace(minute=0, second=0, microsecond=0).isoformat()},
    since="recorded_at",
    always_late=True,
    amount="count",
    describe=todo_hints.describe_lost_clicks,
)


def tally_due_months(now: datetime) -> Tally:
    """Count due months: beat closes them, so one that remains is late."""
    due = close.list_due_months(now)
    return Tally(len(due), due_at=now if due else None, is_late=bool(due))


def tally_silent_connections(now: datetime) -> Tally:
    silent = [one.connection for one in checklist.list_silent(now=now)]
    return _tally_connections(silent, now, _("no event for much longer than usual: %(names)s"))


def tally_failing_shop_apis(now: datetime) -> Tally:
    failing = api_failures.list_lasting(now=now)
    return _tally_connections(failing, now, _("they have failed for more than an hour: %(names)s"))


def _tally_connections(found: Sequence[Connection], now: datetime, hint: str) -> Tally:
    if not found:
        return Tally(0)
    names = ", ".join(str(one) for one in found[: todo_hints.MAX_NAMED])
    query = {"id__in": ",".join(str(one.pk) for one in found)}
    return Tally(len(found), due_at=now, is_late=True, hint=hint % {"names": names}, query=query)


def tally_unrated_categories(now: datetime) -> Tally:
    return Tally(unrated_categories.count_unrated_categories(now=now))


def tally_problem_tasks(now: datetime) -> Tally:
    number = sum(status.state in scheduled_tasks.PROBLEM_STATES for status in scheduled_tasks.list_task_statuses(now))
    return Tally(number, due_at=now if number else None, is_late=number > 0)
