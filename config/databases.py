"""The database settings, built from DATABASE_URL."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

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

    Raises ImproperlyConfigured if the URL is malformed or names another kind of database.
    """
    database = parse_url(url)
    database |= {
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": connection_seconds,
        "OPTIONS": CONNECTION_OPTIONS | database.get("OPTIONS", {}),
        "TEST": {"NAME": test_name},
    }
    return {"default": database}


def parse_url(url: str) -> dict[str, Any]:
    """Return the parts of a database URL under the names of Django's settings."""
    try:
        database: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception as error:  # noqa: BLE001 -- whatever the parser raises, the variable is at fault
        raise ImproperlyConfigured(f"DATABASE_URL is malformed: {error}") from None
    if database.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database (postgres://...)")
    return database
