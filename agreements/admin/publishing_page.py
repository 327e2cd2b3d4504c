"""The page on which staff publish a draft, with what publishing will do (specification 2)."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from agreements import changes, publishing, version_responses
from agreements.changes import Changes, Effect
from agreements.models import AgreementVersion
from agreements.periods import get_start_of_day
from lib.admin.actions import UsualReasonForm


class PublishForm(UsualReasonForm):
    """The effective date, and the version's name as a confirmation, because publishing can't be undone."""

    usual_reason = publishing.USUAL_REASON

    effective_at = forms.DateField(
        label=gettext_lazy("Effective date"),
        widget=UnfoldAdminDateWidget,
        help_text=gettext_lazy("The version takes effect at the start of this day in the program's time zone."),
    )
    field_order = ("effective_at", "name", "reason")

    name = forms.CharField(
        label=gettext_lazy("Type the name of the version to confirm"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


def compute_earliest_day(version: AgreementVersion, changed: Changes | None) -> date:
    """Return the first day, in the program's time zone, on which a draft may take effect if published now."""
    now, zone = timezone.now(), ZoneInfo(version.time_zone)
    earliest = publishing.compute_earliest_effective_at(now) if changed and changed.detriment else now
    newest = AgreementVersion.objects.published().order_by("-effective_at").first()
    if newest and newest.effective_at:
        earliest = max(earliest, newest.effective_at + timedelta(seconds=1))
    day = earliest.astimezone(zone).date()
    return day if get_start_of_day(day, zone) >= earliest else day + timedelta(days=1)


def render_explanation(version: AgreementVersion, changed: Changes | None) -> SafeString:
    """Explain what publishing will do: what changes, who is notified, and the earliest effective date."""
    terms = changed.terms if changed else ()
    audience = version_responses.resolve_audience(version, now=timezone.now())
    recipients = version_responses.list_recipients(version, audience)
    current = AgreementVersion.objects.get_in_force(timezone.now())
    context: dict[str, Any] = {
        "agreement": version,
        "changed": changed,
        "benefits": sum(change.effect is Effect.BENEFIT for change in terms),
        "detriments": sum(change.effect is Effect.DETRIMENT for change in terms),
        "before": changes.get_predecessor(version),
        "notice_days": current.change_notice_days if current else 0,
        "earliest": compute_earliest_day(version, changed),
        "recipients": recipients.count(),
        "states": version_responses.count_states(recipients, audience),
    }
    return render_to_string("admin/agreements/publishing.html", context)
