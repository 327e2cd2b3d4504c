"""The timeline on the page of an affiliate: what they did, and what staff did to them, as far as the reader may view it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Channel
from agreements.models import Acceptance
from audit.models import AuditRecord
from lib.admin.pages import build_admin_link
from lib.formatting import format_datetime
from messaging.models import ConversationMessage
from portal import audit_subjects
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
    """Yield the newest entries of each source: the audit trail, and what affiliates do that it does not have."""
    affiliate = context.affiliate
    records = _read_records(context)
    yield from _build_from_records(records, context)
    if context.user.has_perm("agreements.view_acceptance"):
        accepted = Acceptance.objects.for_affiliate(affiliate).select_related("agreement")
        for one in _limit(accepted, "accepted_at", context):
            yield Entry(one.accepted_at, build_admin_link(one, _("agreement accepted")), affiliate, str(one.agreement))
    if context.user.has_perm("affiliates.view_channel"):
        for one in _limit(Channel.objects.for_affiliate(affiliate), "added_at", context):
            yield Entry(one.added_at, build_admin_link(one, _("channel added")), affiliate, one.address)
    if context.user.has_perm("tracking.view_link"):
        # The trail has those that staff made for the affiliate.
        by_staff = {record.subject_id for record in records if record.action == "link created"}
        for one in _limit(Link.objects.for_affiliate(affiliate), "created_at", context):
            if str(one.pk) not in by_staff:
                link = build_admin_link(one, _("tracking link created"))
                yield Entry(one.created_at, link, affiliate, one.name or one.target)
    if context.user.has_perm("messaging.view_conversation"):
        written = ConversationMessage.objects.filter(conversation__affiliate=affiliate, from_staff=False)
        for one in _limit(written.select_related("conversation"), "at", context):
            link = build_admin_link(one.conversation, _("message written"))
            yield Entry(one.at, link, affiliate, one.conversation.subject)


def _read_records(context: Context) -> list[AuditRecord]:
    about = audit_subjects.match_visible(context.affiliate, context.user)
    return list(_limit(AuditRecord.objects.filter(about).select_related("by"), "at", context))


def _build_from_records(records: list[AuditRecord], context: Context) -> Iterator[Entry]:
    links = context.user.has_perm("audit.view_auditrecord")
    for record in records:
        what = build_admin_link(record, record.action) if links else record.action
        yield Entry(record.at, what, record.by or _("automatic"), record.reason)


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
