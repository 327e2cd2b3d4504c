"""What only the database knows. Without one these checks say that they were left out."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning  # noqa: A004 -- Django's name
from django.db import DatabaseError, connection

from agreements.models import Program
from tracking.links.addresses import get_shop_hosts

# Beside its threads: the writer of clicks and the two threads that load links.
CONNECTIONS_OF_PROCESS = 3
# For beat, commands, backups and what an administrator opens.
SPARE_CONNECTIONS = 5
_UNSAFE_TABLES = """
    SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
       AND (has_table_privilege(oid, 'TRUNCATE, TRIGGER') OR pg_has_role(relowner, 'MEMBER'))
"""


def check_database(**_kwargs: Any) -> list[CheckMessage]:
    """The server must allow all connections, keep its triggers from the application, and know the shop."""
    try:
        return [*check_connections(), *check_role(), *check_shop_hosts()]
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        text = f"Connections, database role and shop hosts were not checked, because of the database: {reason}"
        return [Info(text, hint="Start and migrate the database, and run this check again.", id="accord.I013")]


def check_connections() -> list[CheckMessage]:
    """All threads of all processes together must not open more connections than the server allows."""
    most, reserved, port = _query(
        "SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int,"
        " current_setting('port')::int"
    )
    if port != connection.connection.info.port:
        return []  # a pooler is in between
    web = settings.WEB_PROCESSES * (settings.WEB_THREADS + CONNECTIONS_OF_PROCESS)
    needed = web + settings.CLICK_PROCESSES * CONNECTIONS_OF_PROCESS + settings.WORKER_PROCESSES + SPARE_CONNECTIONS
    if needed <= most - reserved:
        return []
    return [
        Warning(
            f"The processes may open {needed} connections, and PostgreSQL allows {most - reserved}: WEB_PROCESSES "
            f"({settings.WEB_PROCESSES}) x WEB_THREADS ({settings.WEB_THREADS}) is too much. Under load, requests get 503.",
            hint="Set max_connections of PostgreSQL higher, lower WEB_THREADS, or put pgbouncer in between.",
            id="accord.W014",
        )
    ]


def check_role() -> list[CheckMessage]:
    """The application must not be able to disable triggers or to truncate tables."""
    [tables] = _query(_UNSAFE_TABLES)
    if not tables:
        return []
    return [
        Warning(
            f"The role of DATABASE_URL owns or may truncate {tables} tables, so a mistake or an intruder can change the "
            "ledger.",
            hint="Use a role of its own for migrations (DATABASE_OWNER_URL, docs/operations.md).",
            id="accord.W015",
        )
    ]


def check_shop_hosts() -> list[CheckMessage]:
    """Without hosts no affiliate can create a link."""
    if get_shop_hosts(Program.objects.filter(pk=1).first() or Program()):
        return []
    text = "The program has no shop hosts, so no affiliate can create a link."
    hint = "Run manage.py setup, or enter them under Program in the admin."
    return [Warning(text, hint=hint, id="accord.W016")]


def _query(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


CHECKS: tuple[Callable[..., list[CheckMessage]], ...] = (check_database,)
