"""The audit trail, read-only."""

from collections.abc import Iterable

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter

from audit.models import AuditRecord
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.value_filter import ValueFilter
from lib.text import clean_email


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

    fields = ("at", "by", "action", "subject_type", "subject_id", "before", "after", "reason")
