"""Copies of what a step writes to an empty database, for tests that all begin with it."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime

from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction

from agreements import clauses, publishing, seeding
from agreements.models import AgreementVersion
from payouts.commissions import rates

# The apps whose tables are copied, if the step is the first that writes to them. Affiliates get mail about a new version.
APPS = ("agreements", "audit", "affiliates")
# The statements that insert what each step wrote.
_copies: dict[Hashable, str] = {}


def call_command_once(*command: str) -> None:
    """Call a management command, or insert the rows that it wrote before."""
    build_once(command, lambda: call_command(*command))


def publish_seed_agreement_once(at: datetime, terms: Mapping[str, object] | None = None) -> AgreementVersion:
    """Publish the seed agreement with other values of `terms`, in effect since `at`, or insert the rows written before."""

    def publish() -> None:
        draft = seeding.create_seed_draft(now=at)
        for name, value in (terms or {}).items():
            setattr(draft, name, value)
        draft.save()
        publishing.publish_version(agreement=draft, effective_at=at, now=at, by=None)

    build_once(("seed agreement", at, repr(terms or {})), publish)
    return AgreementVersion.objects.get()


def build_once(key: Hashable, build: Callable[[], object]) -> None:
    """Call `build`; where this process called it before for `key`, insert the rows that it wrote then.

    Ids and times are those of the first call. No other call can have drawn these ids, because sequences only grow.
    """
    if _list_filled_tables():
        build()
    elif key in _copies:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_copies[key])
        # What another test has loaded of this version must not save queries in this one.
        clauses._get_published_numbers.cache_clear()
        rates.get_rate_card.cache_clear()
    else:
        build()
        inserts = [_build_insert(table) for table in _list_filled_tables()]
        # The rows of a published version can't be inserted while triggers fire.
        replica, usual = (f"SET LOCAL session_replication_role = {role}" for role in ("replica", "DEFAULT"))
        _copies[key] = ";".join([replica, *inserts, usual])


def _list_filled_tables() -> list[str]:
    tables = [model._meta.db_table for app in APPS for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in tables))
        found = {name for (name,) in cursor.fetchall()}
    return [table for table in tables if table in found]


def _build_insert(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT json_agg(t)::text FROM {table} t")
        [rows] = cursor.fetchone()
        return cursor.mogrify(
            f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s::json)", [rows]
        )
