"""The redirect's own connection to PostgreSQL: Django's belongs to a request, this one to the thread that writes."""

from typing import Any

import psycopg
from django.db import connection

# libpq counts in whole seconds, and in milliseconds where it says so.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "accord clicks",
}
_PYTHON_ONLY = {"pool", "isolation_level", "server_side_binding", "assume_role"}


def connect() -> psycopg.Connection[Any]:
    """A new connection that commits each statement by itself; an error within seconds where there is no database."""
    named = connection.settings_dict
    options = {name: value for name, value in named.get("OPTIONS", {}).items() if name not in _PYTHON_ONLY}
    where = {
        "dbname": named["NAME"],
        "user": named["USER"],
        "password": named["PASSWORD"],
        "host": named["HOST"],
        "port": named["PORT"],
    }
    given = {name: value for name, value in where.items() if value}
    connected = psycopg.connect(autocommit=True, **(options | given | _PATIENCE))
    connected.execute("SET statement_timeout = '5s'")
    return connected
