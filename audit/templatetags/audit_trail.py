"""The audit records of a row, for its history page in the admin."""

from typing import Any

from django import template
from django.db.models import Model, QuerySet

from audit.models import AuditRecord

register = template.Library()
# A row with more is rare; the list of audit records has them all.
MAX_RECORDS = 100


@register.simple_tag
def list_audit_records(row: Model) -> QuerySet[AuditRecord]:
    """Return the newest audit records about `row`."""
    about: dict[str, Any] = {"subject_type": row._meta.label_lower, "subject_id": str(row.pk)}
    return AuditRecord.objects.filter(**about).select_related("by").order_by("-at", "-id")[:MAX_RECORDS]
