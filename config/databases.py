"""The database settings, built from DATABASE_URL."""

import warnings
from contextlib import suppress
from typing import Any

import environ

from config.environment import report_error

# A database that does not answer must cause an error within seconds, never a page that hangs.
CONNECTION_OPTIONS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}


def build_databases(url: str, *, connection_seconds: int, test_name: str) -> dict[str, dict[str, Any]]:
    """Return Django's DATABASES for the PostgreSQL database at `url`.

    A URL that is malformed or names another kind of database is reported as an error of the configuration.
    """
    database = read_url(url)
    database |= {
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": connection_seconds,
        # A pooler in transaction mode may give the next query another connection of the server.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": CONNECTION_OPTIONS | database.get("OPTIONS", {}),
        "TEST": {"NAME": test_name},
    }
    return {"default": database}


def read_url(url: str) -> dict[str, Any]:
    """Return the settings of the database at `url`; empty ones, and a reported error, if it is not usable."""
    # Whatever the parser raises, the variable is at fault. Its message may hold a part of the password.
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        database: dict[str, Any] = environ.Env.db_url_config(url)
        if database["ENGINE"] == "django.db.backends.postgresql" and database["NAME"]:
            return database
    if url:
        report_error(
            "DATABASE_URL must have the form postgres://user:password@host:5432/name, with special characters of the"
            " password percent-encoded"
        )
    return {"ENGINE": "django.db.backends.postgresql"}
