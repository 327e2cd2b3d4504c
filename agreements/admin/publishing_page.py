"""The page on which staff publish a draft: from when, who is told, what can't be undone (CONTRACT 2)."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from affiliates.models import Affiliate, State
from agreements import changes, publishing
from agreements.changes import Changes, Effect
from agreements.models import AgreementVersion
from agreements.periods import get_start_of_day


class PublishForm(forms.Form):
    """From when, and the version's name typed again, because nothing can be changed afterwards."""

    effective_at = forms.DateField(
        label=gettext_lazy("Takes effect on"),
        widget=UnfoldAdminDateWidget,
        help_text=gettext_lazy("At the first instant of this day in the program's time zone."),
    )
    name = forms.CharField(
        label=gettext_lazy("Type the name of the version to confirm"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


def compute_earliest_day(agreement: AgreementVersion, changed: Changes | None) -> date:
    """The first day on which a draft may take effect if it is published now, in the program's time zone."""
    now, zone = timezone.now(), ZoneInfo(agreement.time_zone)
    earliest = publishing.compute_earliest_effective_at(now) if changed and changed.detriment else now
    newest = AgreementVersion.objects.published().order_by("-effective_at").first()
    if newest and newest.effective_at:
        earliest = max(earliest, newest.effective_at + timedelta(seconds=1))
    local = earliest.astimezone(zone)
    day = local.date()
    return day if get_start_of_day(day, ZoneInfo(agreement.time_zone)) >= earliest else day + timedelta(days=1)


def render_explanation(agreement: AgreementVersion, changed: Changes | None) -> SafeString:
    """What publishing will mean: what changes, who is told and asked, from when at the earliest."""
    terms = changed.terms if changed else ()
    told = Affiliate.objects.filter(state__in=(State.ACTIVE, State.SUSPENDED), erased_at__isnull=True)
    asked = Affiliate.objects.filter(state=State.APPROVED, erased_at__isnull=True)
    current = AgreementVersion.objects.get_in_force(timezone.now())
    context: dict[str, Any] = {
        "agreement": agreement,
        "changed": changed,
        "benefits": sum(change.effect is Effect.BENEFIT for change in terms),
        "detriments": sum(change.effect is Effect.DETRIMENT for change in terms),
        "before": changes.get_predecessor(agreement),
        "notice_days": current.change_notice_days if current else 0,
        "earliest": compute_earliest_day(agreement, changed),
        "people": (told if changed else asked).count(),
    }
    return render_to_string("admin/agreements/publishing.html", context)
