"""Tables of channels, status, agreements, reviews, e-mails and the audit trail on the page of an affiliate."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.admin_fields import render_link
from affiliates.models import AffiliateNote, Channel, ChannelPreview
from agreements.applicable_version import VersionPeriod, load_version_periods
from agreements.models import Acceptance, Decline
from compliance.grounds import annotate_title
from compliance.models import Review, Signal
from lib.admin.pages import build_admin_link
from lib.formatting import format_datetime
from mail.models import Message
from portal.affiliate_page.tables import MAX_ROWS, Cells, Context, Table


def _format_time(at: datetime | None) -> str:
    return format_datetime(at) if at else "–"


def _list_channels(context: Context) -> Sequence[Cells]:
    rows = (
        Channel.objects.for_affiliate(context.affiliate)
        .select_related("preview")
        .order_by("-added_at", "-id")[:MAX_ROWS]
    )
    return [
        (
            render_link(row.address),
            build_admin_link(row, row.get_kind_display()),
            _describe_preview(row),
            row.get_state_display(),
            _format_time(row.added_at),
            _format_time(row.decided_at),
            row.reason or "–",
        )
        for row in rows
    ]


def _describe_preview(channel: Channel) -> SafeString | str:
    """Return what the page of a channel says about itself, or why it could not be read."""
    preview: ChannelPreview | None = getattr(channel, "preview", None)
    if preview is None:
        return "–"
    if preview.problem:
        return _("Not read: %(problem)s.") % {"problem": preview.problem}
    lines = ((line,) for line in (preview.title, preview.description) if line)
    return format_html_join(mark_safe("<br>"), "{}", lines) or _("It has no title.")


def _list_notes(context: Context) -> Sequence[Cells]:
    rows = AffiliateNote.objects.filter(affiliate=context.affiliate).select_related("by")[:MAX_ROWS]
    return [(row.text, row.by, _format_time(row.at)) for row in rows]


def _list_acceptances(context: Context) -> Sequence[Cells]:
    rows = (
        Acceptance.objects.for_affiliate(context.affiliate)
        .select_related("agreement")
        .order_by("-accepted_at")[:MAX_ROWS]
    )
    return [
        (
            build_admin_link(row, row.agreement),
            _format_time(row.accepted_at),
            row.get_method_display(),
            row.language,
        )
        for row in rows
    ]


def _list_versions(context: Context) -> Sequence[Cells]:
    """Return which versions applied to the affiliate and why, the newest first."""
    periods = load_version_periods(context.affiliate.pk, until=context.now)
    return [
        (
            name,
            _format_time(period.since),
            _describe_basis(period, context.now),
            _("applies now") if number == len(periods) else "–",
        )
        for number, (name, period) in reversed(list(enumerate(periods, 1)))
    ][:MAX_ROWS]


def _describe_basis(period: VersionPeriod, now: datetime) -> str:
    if period.accepted_at and period.accepted_at <= now:
        text = _("Accepted on %(at)s.") % {"at": format_datetime(period.accepted_at)}
    else:
        text = _("Follows the version before it, because it changes nothing to the affiliate’s detriment.")
    if period.paused_since and period.paused_since <= now:
        paused = _("A later version is not accepted: links and coupons are paused since %(at)s.")
        text = f"{text} {paused % {'at': format_datetime(period.paused_since)}}"
    return text


def _list_declines(context: Context) -> Sequence[Cells]:
    rows = Decline.objects.for_affiliate(context.affiliate).select_related("agreement")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, row.agreement),
            row.get_state_display(),
            _format_time(row.declined_at),
            _format_time(row.takes_effect_at),
        )
        for row in rows
    ]


def _list_reviews(context: Context) -> Sequence[Cells]:
    rows = annotate_title(Review.objects.for_affiliate(context.affiliate)).order_by("-opened_at", "-id")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, row.title),
            row.get_state_display(),
            row.get_decision_display() or "–",
            row.get_appeal_display() or "–",
            _format_time(row.opened_at),
            _format_time(row.decide_by),
        )
        for row in rows
    ]


def _list_signals(context: Context) -> Sequence[Cells]:
    rows = Signal.objects.filter(affiliate=context.affiliate)[:MAX_ROWS]
    return [
        (build_admin_link(row, row.get_kind_display()), row.get_state_display(), _format_time(row.raised_at))
        for row in rows
    ]


def _list_messages(context: Context) -> Sequence[Cells]:
    rows = Message.objects.filter(user=context.affiliate.user_id).defer("text", "html", "context")
    return [
        (
            build_admin_link(row, row.subject or row.kind.replace("_", " ").capitalize()),
            row.to,
            row.get_state_display(),
            _format_time(row.created_at),
        )
        for row in rows[:MAX_ROWS]
    ]


CHANNELS = Table(
    gettext_lazy("Channels"),
    "affiliates.view_channel",
    (
        *(gettext_lazy("Address"), gettext_lazy("Kind"), gettext_lazy("Its page says")),
        *(gettext_lazy("State"), gettext_lazy("Added"), gettext_lazy("Decided"), gettext_lazy("Reason")),
    ),
    _list_channels,
    gettext_lazy("No channels. The affiliate adds sites, profiles, newsletters and apps."),
    Channel,
)
NOTES = Table(
    gettext_lazy("Private notes"),
    "affiliates.view_affiliatenote",
    (gettext_lazy("Note"), gettext_lazy("By"), gettext_lazy("Date")),
    _list_notes,
    gettext_lazy("No private notes. Only staff see them; “Add a private note” writes one."),
    AffiliateNote,
    build_filter=lambda _affiliate: "",
)
VERSIONS = Table(
    gettext_lazy("Applicable version"),
    "agreements.view_decline",
    (gettext_lazy("Version"), gettext_lazy("Since"), gettext_lazy("Why"), gettext_lazy("State")),
    _list_versions,
    gettext_lazy("No version applies: the affiliate has not accepted any."),
    Acceptance,
    build_filter=lambda _affiliate: "",
)
ACCEPTANCES = Table(
    gettext_lazy("Accepted versions"),
    "agreements.view_acceptance",
    (gettext_lazy("Version"), gettext_lazy("Accepted"), gettext_lazy("Method"), gettext_lazy("Language")),
    _list_acceptances,
    gettext_lazy("No version accepted yet. Approved affiliates accept the agreement before they promote."),
    Acceptance,
)
DECLINES = Table(
    gettext_lazy("Declined versions"),
    "agreements.view_decline",
    (gettext_lazy("Version"), gettext_lazy("State"), gettext_lazy("Declined"), gettext_lazy("Takes effect")),
    _list_declines,
    gettext_lazy("No version declined. An affiliate who declines leaves when the version takes effect."),
    Decline,
)
REVIEWS = Table(
    gettext_lazy("Reviews"),
    "compliance.view_review",
    (
        *(gettext_lazy("Subject"), gettext_lazy("State"), gettext_lazy("Decision")),
        *(gettext_lazy("Appeal"), gettext_lazy("Opened"), gettext_lazy("Decision due")),
    ),
    _list_reviews,
    gettext_lazy("No reviews. “Open a review” starts one."),
    Review,
)
SIGNALS = Table(
    gettext_lazy("Signals"),
    "compliance.view_signal",
    (gettext_lazy("Signal"), gettext_lazy("State"), gettext_lazy("Raised")),
    _list_signals,
    gettext_lazy("No signals. Daily checks and reports by the public raise them."),
    Signal,
)
MESSAGES = Table(
    gettext_lazy("E-mails"),
    "mail.view_message",
    (gettext_lazy("Subject"), gettext_lazy("To"), gettext_lazy("State"), gettext_lazy("Created")),
    _list_messages,
    gettext_lazy("No e-mails. What the program sends to this affiliate is listed here."),
    Message,
    build_filter=lambda affiliate: f"user__id__exact={affiliate.user_id}",
)
