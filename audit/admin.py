"""The audit trail, read-only."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from audit.models import AuditRecord
from lib.admin.bases import ReadOnlyAdmin


@admin.register(AuditRecord)
class AuditRecordAdmin(ReadOnlyAdmin):
    list_reads_replica = True
    list_display = ("at", "by", "action", "subject_type", "subject_id", "reason")
    list_filter = (("at", RangeDateTimeFilter), "subject_type")
    list_select_related = ("by",)
    search_fields = ("action", "subject_id", "by__email", "reason")
    fields = ("at", "by", "action", "subject_type", "subject_id", "before", "after", "reason")
