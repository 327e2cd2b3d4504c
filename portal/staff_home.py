"""The home of staff in the admin: figures, and open work by their permissions (specification 10)."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.models import Program
from agreements.periods import get_program_time_zone
from agreements.published_versions import find_version_in_force
from lib.formatting import format_age, format_short_date
from portal import setup_steps, staff_figures
from portal.row_counts import CountedRows, Counts, count_together
from portal.todo_counts import OpenRows, Tally
from portal.todo_entries import ENTRIES, Entry

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """The current state of an entry, as one member of staff sees it; `waits` says how old it is or when it is due."""

    label: str
    hint: str
    count: int
    is_late: bool
    link: str
    due_at: datetime | None = None
    waits: str = ""


def list_todo_items(user: User, now: datetime) -> list[Item]:
    """Return the to-do items that `user` has permission for, the first that is due first, empty ones last."""
    entries = _list_entries(user)
    return _list_items(entries, count_together(_list_rows(entries, now)), now)


def _list_entries(user: User) -> list[Entry]:
    return [entry for entry in ENTRIES if user.has_perm(entry.permission)]


def _list_rows(entries: Iterable[Entry], now: datetime) -> dict[Hashable, CountedRows]:
    return {entry: entry.work.count_rows(now) for entry in entries if isinstance(entry.work, OpenRows)}


def _list_items(entries: Iterable[Entry], counts: Mapping[Hashable, Counts], now: datetime) -> list[Item]:
    zone, items = get_program_time_zone(), []
    for entry in entries:
        work = entry.work
        tally = work.build_tally(counts[entry], now) if isinstance(work, OpenRows) else work(now)
        if tally.number or not entry.hide_if_none:
            items.append(_build_item(entry, tally, now, zone))
    return sorted(items, key=lambda item: (not item.count, not item.is_late, item.due_at or NEVER))


def _build_item(entry: Entry, tally: Tally, now: datetime, zone: ZoneInfo) -> Item:
    return Item(
        str(entry.label),
        str(tally.hint or entry.hint),
        tally.number,
        tally.is_late,
        _build_link(entry, tally),
        tally.due_at,
        _describe_time(tally, now, zone),
    )


def _build_link(entry: Entry, tally: Tally) -> str:
    if entry.url_name:
        return reverse(entry.url_name)
    model = entry.work.model if isinstance(entry.work, OpenRows) else entry.model
    return build_changelist_url(model, tally.query or entry.query) if model else ""


def _describe_time(tally: Tally, now: datetime, zone: ZoneInfo) -> str:
    if tally.since is not None:
        return _("oldest %(age)s") % {"age": format_age(now - tally.since)}
    if tally.due_at is None or tally.due_at == now:
        return ""
    day = format_short_date(tally.due_at.astimezone(zone).date())
    return (_("overdue since %(day)s") if tally.due_at < now else _("due %(day)s")) % {"day": day}


def build_changelist_url(model: type[Model], query: Mapping[str, str] | None = None) -> str:
    """Return the address of the admin list of `model`; "" if the admin does not have it."""
    if not admin.site.is_registered(model):
        return ""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def add_dashboard_context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """Add figures and open work to the context of the admin's index (Unfold's DASHBOARD_CALLBACK)."""
    now = timezone.now()
    page |= {
        "program": Program.find(),
        "agreement_in_force": find_version_in_force(now),
        "program_link": build_changelist_url(Program),
    }
    return page | _build_work(request.user, now) if isinstance(request.user, User) else page


def _build_work(user: User, now: datetime) -> dict[str, Any]:
    """Return figures and open work of `user`; all that is counted is counted by one query."""
    entries, steps = _list_entries(user), setup_steps.list_rows() if user.is_superuser else {}
    counts = count_together({**_list_rows(entries, now), **staff_figures.list_rows(user, now), **steps})
    items = _list_items(entries, counts, now)
    return {
        "todo_items": [item for item in items if item.count],
        "clear_items": [item for item in items if not item.count],
        "figures": staff_figures.list_figures(user, now, counts),
        "missing_steps": setup_steps.list_missing_steps(now, counts) if steps else [],
    }
