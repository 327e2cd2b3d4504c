"""A test ..."""

import socket
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from audit.models import AuditRecord


def a_record() -> AuditRecord:
    return AuditRecord.objects.create(
        at=datetime(2026, 1, 1, tzinfo=UTC), action="testing", subject_type="test", subject_id="1"
    )


def test_reaches_no_host_but_this_machine() -> None:
    # The warning of the refusal, which is an error here as all of them are.
    with pytest.raises(UserWarning, match=r"192\.0\.2\.1"), socket.socket() as outward:
        outward.connect(("192.0.2.1", 80))


def test_keeps_out_of_the_queue_of_a_running_program() -> None:
    assert not settings.REDIS_URL.endswith("/0")
    assert settings.CELERY_BROKER_URL == settings.CACHES["default"]["LOCATION"] == settings.REDIS_URL


@pytest.mark.django_db(transaction=True)
def test_that_commits_leaves_append_only_tables_empty() -> None:
    a_record()
    call_command("flush", interactive=False)
    assert not AuditRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["DELETE FROM audit_auditrecord", "TRUNCATE audit_auditrecord CASCADE"])
def test_that_empties_a_table_itself_is_refused_as_anyone_is(statement: str) -> None:
    a_record()
    call_command("flush", interactive=False)
    a_record()
    with pytest.raises(DatabaseError, match="Cannot"), connection.cursor() as cursor:
        cursor.execute(statement)
