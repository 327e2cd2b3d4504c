"""The events on the page of a review, and its fields that are shown only once they have a value."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.models import Review, ReviewEvent, ReviewFile
from lib.admin.bases import ReadOnlyInline

# Each with what it waits for.
LATER_FIELDS: dict[str, Callable[[Review], Any]] = {
    name: attrgetter(source)
    for name, source in {
        "hold_released_at": "hold_released_at",
        "decision": "decision",
        "decision_reason": "decision",
        "decided_at": "decision",
        "decided_by": "decision",
        "appeal_by": "appeal_by",
        "appealed_at": "appealed_at",
        "appeal_decide_by": "appeal_decide_by",
        "appeal_decider": "appealed_at",
        "appeal_outcome": "appeal",
        "appeal_decided_at": "appeal_decided_at",
        "appeal_decided_by": "appeal_decided_at",
        "closed_at": "closed_at",
    }.items()
}


class EventInline(ReadOnlyInline):
    model = ReviewEvent
    fields = ("at", "kind", "by", "text", "file_links", "seen_by")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("events")
    tab = False
    per_page = 100

    @admin.display(description=gettext_lazy("files"))
    def file_links(self, event: ReviewEvent) -> SafeString:
        links = ((reverse("admin:compliance_review_file", args=[file.pk]), file.name) for file in event.files.all())
        return format_html_join(" ", '<a href="{}">{}</a>', links)

    @admin.display(description=gettext_lazy("who sees it"))
    def seen_by(self, event: ReviewEvent) -> str:
        return _("staff only") if event.private else _("the affiliate and staff")

    def get_queryset(self, request: HttpRequest) -> Any:
        files = Prefetch("files", ReviewFile.objects.defer("content").order_by("id"))
        return super().get_queryset(request).select_related("by").prefetch_related(files).order_by("number")
