"""Redaction of append-only rows: of personal columns alone, and only where it is allowed (specification 9)."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit import trail
from audit.models import AuditRecord
from lib.triggers import allow_redaction
from tests.factories import NOW, make_affiliate

pytestmark = pytest.mark.django_db


@pytest.fixture
def record() -> AuditRecord:
    return trail.record(action="a test", subject=make_affiliate(), now=NOW, by=None, reason="Called Ben.")


def redact(record: AuditRecord, **values: object) -> None:
    with transaction.atomic():
        AuditRecord.objects.filter(pk=record.pk).update(**values)


def test_personal_columns_change_inside_redaction_alone(record):
    with pytest.raises(DatabaseError, match="Cannot update or delete rows"):
        redact(record, reason="[erased]")
    with allow_redaction():
        redact(record, reason="[erased]", after={})
    with pytest.raises(DatabaseError, match="Cannot update or delete rows"):
        redact(record, reason="Called Ann.")
    assert AuditRecord.objects.get(pk=record.pk).reason == "[erased]"


@pytest.mark.parametrize("values", [{"action": "another"}, {"reason": "", "at": NOW.replace(year=2020)}])
def test_no_other_column_changes_inside_redaction(record, values):
    with pytest.raises(DatabaseError, match="Cannot update or delete rows"), allow_redaction():
        redact(record, **values)


@pytest.mark.parametrize("statement", ["DELETE FROM audit_auditrecord", "TRUNCATE audit_auditrecord"])
def test_no_row_is_deleted_inside_redaction(record, statement):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="Cannot"), allow_redaction():
            cursor.execute(statement)


def test_redaction_ends_with_an_error(record):
    with pytest.raises(ValueError, match="stop"), allow_redaction():
        raise ValueError("stop")
    with pytest.raises(DatabaseError, match="Cannot update or delete rows"):
        redact(record, reason="[erased]")
