"""Writing the audit trail."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from audit.models import AuditRecord


def record(
    *,
    action: str,
    subject: models.Model,
    now: datetime,
    by: AbstractBaseUser | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str,
) -> AuditRecord:
    """Write an audit record in the caller's transaction (specification 9). `by` is None for automatic changes.

    The database refuses a record without a reason.
    """
    entry = build_record(action=action, subject=subject, now=now, by=by, before=before, after=after, reason=reason)
    entry.save(force_insert=True)
    return entry


def record_many(records: Iterable[AuditRecord]) -> None:
    """Write many records made by `build_record`."""
    AuditRecord.objects.bulk_create(records, batch_size=1000)


def build_record(
    *,
    action: str,
    subject: models.Model,
    now: datetime,
    by: AbstractBaseUser | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str,
) -> AuditRecord:
    """Return an unsaved audit record."""
    return AuditRecord(
        at=now,
        by_id=by.pk if by else None,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        before=_serialize_values(before),
        after=_serialize_values(after),
        reason=reason,
    )


def _serialize_values(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        key: value if isinstance(value, (str, int, bool, type(None))) else str(value)
        for key, value in (values or {}).items()
    }
