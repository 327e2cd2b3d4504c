"""Migrations give up a lock that they do not get soon."""

import psycopg
import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.db.models.signals import post_migrate, pre_migrate

from lib import migration_locks
from tracking.clicks.connection import connect

pytestmark = pytest.mark.django_db(transaction=True)


def read_limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


def test_migrate_limits_its_own_waiting_only():
    first, last = apps.get_app_config("portal"), list(apps.get_app_configs())[-1]
    pre_migrate.send(sender=first, app_config=first, using="default", verbosity=0, plan=[])
    assert read_limit() == "1s"
    for receiver in (last, first):
        post_migrate.send(sender=receiver, app_config=receiver, using="default", verbosity=0, interactive=False)
    assert read_limit() == "0"


def test_locked_table_stops_a_migration_and_no_one_else(settings):
    settings.MIGRATION_LOCK_SECONDS = 1
    with connect() as other:
        other.execute("BEGIN; LOCK TABLE mail_message IN ACCESS SHARE MODE")
        migration_locks.limit_waiting(using="default")
        try:
            with pytest.raises(OperationalError) as error, connection.cursor() as cursor:
                cursor.execute("ALTER TABLE mail_message ADD COLUMN never integer")
        finally:
            migration_locks.end_limit(using="default")
    assert isinstance(error.value.__cause__, psycopg.errors.LockNotAvailable)
