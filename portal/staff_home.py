"""The home of staff in the admin: figures, and open work by their permissions (specification 10)."""

from collections.abc import Iterable, Iterator, Mapping
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
from agreements.models import AgreementVersion, Program
from agreements.periods import get_program_time_zone
from lib.formatting import format_age, format_short_date
from portal import staff_figures, todo_counts
from portal.setup_steps import list_missing_steps
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
    entries = [entry for entry in ENTRIES if user.has_perm(entry.permission)]
    zone = get_program_time_zone()
    items = [
        _build_item(entry, tally, now, zone)
        for entry, tally in _tally(entries, now)
        if tally.number or not entry.hide_if_none
    ]
    return sorted(items, key=lambda item: (not item.count, not item.is_late, item.due_at or NEVER))


def _tally(entries: Iterable[Entry], now: datetime) -> Iterator[tuple[Entry, Tally]]:
    entries = list(entries)
    sources = [entry.work for entry in entries if isinstance(entry.work, OpenRows)]
    tallies = iter(todo_counts.tally_rows(sources, now))
    for entry in entries:
        yield entry, next(tallies) if isinstance(entry.work, OpenRows) else entry.work(now)


def _build_item(entry: Entry, tally: Tally, now: datetime, zone: ZoneInfo) -> Item:
    hint = tally.hint or (entry.hint() if callable(entry.hint) and tally.number else entry.hint)
    return Item(
        str(entry.label),
        "" if callable(hint) else str(hint),
        tally.number,
        tally.is_late,
        _build_link(entry, tally),
        tally.due_at,
        _describe_time(tally, now, zone),
    )


def _build_link(entry: Entry, tally: Tally) -> str:
    if entry.url_name:
        return reverse(entry.url_name)
    model, query = (
        (entry.work.model, entry.work.query) if isinstance(entry.work, OpenRows) else (entry.model, entry.query)
    )
    return build_changelist_url(model, tally.query or query) if model else ""


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
    user = request.user if isinstance(request.user, User) else None
    items = list_todo_items(user, now) if user else []
    page |= {
        "todo_items": [item for item in items if item.count],
        "clear_items": [item for item in items if not item.count],
        "figures": staff_figures.list_figures(user, now) if user else [],
        "program": Program.objects.filter(pk=1).first(),
        "agreement_in_force": AgreementVersion.objects.get_in_force(now),
        "program_link": build_changelist_url(Program),
        "missing_steps": list_missing_steps(now) if request.user.is_superuser else [],
    }
    return page
