"""The audit trail, read-only."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter

from audit.models import AuditRecord
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.value_filter import ValueFilter
from lib.formatting import format_datetime
from lib.text import clean_email

NOTHING = "–"


class SubjectFilter(ValueFilter):
    """The kinds of rows that staff can change."""

    title = gettext_lazy("what was changed")
    parameter_name = "subject_type"

    def list_values(self) -> Iterable[tuple[str, str]]:
        return [(model._meta.label_lower, str(model._meta.verbose_name)) for model in admin.site._registry]


@admin.register(AuditRecord)
class AuditRecordAdmin(ReadOnlyAdmin):
    list_reads_replica = True
    list_display = ("at", "by", "action", "subject_type", "subject_id", "reason")
    list_filter = (("at", RangeDateTimeFilter), SubjectFilter)
    list_select_related = ("by",)
    search_fields = ("subject_id",)
    search_help_text = gettext_lazy("Id of what was changed, or beginning of the e-mail address of who changed it")
    sortable_by = ()

    def build_search(self, text: str) -> Q:
        # With the kinds, whose index it is.
        kinds = [model._meta.label_lower for model in apps.get_models()]
        by = get_user_model().objects.filter(email__startswith=clean_email(text)).values("pk")
        return Q(subject_type__in=kinds, subject_id=text) | Q(by__in=by)

    fields = ("at", "by", "action", "subject_type", "subject_id", "changes", "reason")
    readonly_fields = ("changes",)

    @admin.display(description=gettext_lazy("changes"))
    def changes(self, record: AuditRecord) -> SafeString:
        rows = list_changes(record.before, record.after)
        return render_to_string("admin/audit_changes.html", {"rows": rows})


def list_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return each recorded value with its name, before and after the change."""
    names = [*before, *(name for name in after if name not in before)]
    return [
        (str(capfirst(name.replace("_", " "))), _format_value(before, name), _format_value(after, name))
        for name in names
    ]


def _format_value(values: Mapping[str, Any], name: str) -> str:
    """Return a value for people: yes or no, times as elsewhere, and a dash for nothing."""
    value = values.get(name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in (None, ""):
        return NOTHING
    return _format_time(value) if isinstance(value, str) else str(value)


def _format_time(text: str) -> str:
    """Return a stored time as pages show it; any other text stays."""
    if len(text) < len("2026-01-01 00:00:00+00:00"):
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return format_datetime(at) if at.tzinfo else text
