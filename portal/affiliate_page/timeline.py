"""The timeline on the page of an affiliate: what they did, and what staff did to them, as far as the reader may view it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Channel
from agreements.models import Acceptance
from audit.models import AuditRecord
from lib.admin.pages import build_admin_link
from lib.formatting import format_datetime
from messaging.models import ConversationMessage
from portal import audit_names, audit_subjects
from portal.affiliate_page.tables import Context, Page, Table
from tracking.models import Link

# As many rows as a page of the timeline shows.
PAGE_SIZE = 40


class Entry(NamedTuple):
    """Something that happened, who did it, and why or what exactly."""

    at: datetime
    what: object
    by: object
    detail: str


class Source(NamedTuple):
    """Rows that affiliates add and that the audit trail does not have; `key` is that of the page they link to."""

    permission: str
    label: str | Promise
    url_name: str
    rows: QuerySet[Any]
    time: str
    detail: str
    key: str = "pk"
    owner: str = "affiliate"


SOURCES = (
    Source(
        "agreements.view_acceptance",
        gettext_lazy("agreement version accepted"),
        "admin:agreements_acceptance_change",
        Acceptance.objects.all(),
        "accepted_at",
        "agreement__name",
    ),
    Source(
        "affiliates.view_channel",
        gettext_lazy("channel added"),
        "admin:affiliates_channel_change",
        Channel.objects.all(),
        "added_at",
        "address",
    ),
    Source(
        "tracking.view_link",
        gettext_lazy("tracking link created"),
        "admin:tracking_link_change",
        Link.objects.all(),
        "created_at",
        "target",
    ),
    Source(
        "messaging.view_conversation",
        gettext_lazy("message written"),
        "admin:messaging_conversation_change",
        ConversationMessage.objects.filter(from_staff=False),
        "at",
        "conversation__subject",
        key="conversation",
        owner="conversation__affiliate",
    ),
)


def parse_time(text: str) -> datetime | None:
    """Return the time from which a page starts, as its address has it; None for the newest page, or nonsense."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def list_entries(context: Context) -> Page:
    """Return the newest entries before `context.before`, the newest first."""
    entries = sorted(_find_entries(context), key=lambda entry: entry.at, reverse=True)
    page = Page((format_datetime(one.at), one.what, one.by, one.detail) for one in entries[:PAGE_SIZE])
    if len(entries) > PAGE_SIZE:
        page.older = urlencode({"tab": "audit", "before": entries[PAGE_SIZE - 1].at.isoformat()})
    return page


def _find_entries(context: Context) -> Iterator[Entry]:
    """Yield the newest entries of the audit trail, and of what affiliates do that it does not have."""
    records = _read_records(context)
    yield from _build_from_records(records, context)
    # The trail has those that staff made for the affiliate.
    links_by_staff = {record.subject_id for record in records if record.action == "link created"}
    sources = [one for one in SOURCES if context.user.has_perm(one.permission)]
    if not sources:
        return
    first, *others = (_select(one, place, context) for place, one in enumerate(sources))
    for at, place, key, detail in first.union(*others, all=True):
        if key not in links_by_staff:
            url = reverse(sources[place].url_name, args=[key])
            what = format_html('<a href="{}">{}</a>', url, sources[place].label)
            yield Entry(at, what, context.affiliate, detail)


def _select(source: Source, place: int, context: Context) -> QuerySet[Any, Any]:
    rows = source.rows.filter(**{source.owner: context.affiliate})
    columns = {
        "row_at": F(source.time),
        "row_place": Value(place),
        "row_key": Cast(F(source.key), TextField()),
        "row_detail": Cast(F(source.detail), TextField()),
    }
    return _limit(rows.annotate(**columns), source.time, context).values_list(*columns)


def _read_records(context: Context) -> list[AuditRecord]:
    about = audit_subjects.match_visible(context.affiliate, context.user)
    return list(_limit(AuditRecord.objects.filter(about).select_related("by"), "at", context))


def _build_from_records(records: list[AuditRecord], context: Context) -> Iterator[Entry]:
    links = context.user.has_perm("audit.view_auditrecord")
    names = audit_names.find_names(records)
    for record in records:
        what = build_admin_link(record, record.action) if links else record.action
        named = audit_names.name_subject(record, names)
        yield Entry(
            record.at, what, record.by or _("automatic"), f"{named}: {record.reason}" if named else record.reason
        )


def _limit(rows: QuerySet[Any], field: str, context: Context) -> QuerySet[Any]:
    """Return as many of the newest rows as a page has, and one more, before the start of the page."""
    if context.before:
        rows = rows.filter(**{f"{field}__lt": context.before})
    return rows.order_by(f"-{field}", "-pk")[: PAGE_SIZE + 1]


TIMELINE = Table(
    gettext_lazy("Timeline"),
    "affiliates.view_affiliate",
    (gettext_lazy("Time"), gettext_lazy("What"), gettext_lazy("By"), gettext_lazy("Reason or detail")),
    list_entries,
    gettext_lazy("Nothing yet. What the affiliate does, and what staff do about them, is listed here with its reason."),
    AuditRecord,
    build_filter=lambda affiliate: f"q={affiliate.code}",
)
