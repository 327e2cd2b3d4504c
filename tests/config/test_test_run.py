"""The isolation of tests."""

import socket
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from audit.models import AuditRecord


def create_record() -> AuditRecord:
    return AuditRecord.objects.create(
        at=datetime(2026, 1, 1, tzinfo=UTC), action="testing", subject_type="test", subject_id="1", reason="-"
    )


def test_external_hosts_are_blocked() -> None:
    # The block raises a warning, which is an error in tests.
    with pytest.raises(UserWarning, match=r"192\.0\.2\.1"), socket.socket() as connection:
        connection.connect(("192.0.2.1", 80))


def test_tests_use_their_own_redis_database() -> None:
    assert not settings.REDIS_URL.endswith("/0")
    assert settings.CELERY_BROKER_URL == settings.CACHES["default"]["LOCATION"] == settings.REDIS_URL


@pytest.mark.django_db(transaction=True)
def test_flush_empties_append_only_tables() -> None:
    create_record()
    call_command("flush", interactive=False)
    assert not AuditRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["DELETE FROM audit_auditrecord", "TRUNCATE audit_auditrecord CASCADE"])
def test_append_only_triggers_work_after_flush(statement: str) -> None:
    create_record()
    call_command("flush", interactive=False)
    create_record()
    with pytest.raises(DatabaseError, match="Cannot"), connection.cursor() as cursor:
        cursor.execute(statement)
