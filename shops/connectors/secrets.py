"""Secrets of connections: stored encrypted, and replaced with an overlap in which both are valid (specification 11)."""

from datetime import datetime, timedelta

from payouts.payout_details.encryption import decrypt, encrypt
from shops.models import Connection

OVERLAP = timedelta(days=2)


def set_secret(connection: Connection, secret: str) -> None:
    """Set the first secret of a new connection, without saving."""
    connection.secret = encrypt(secret)


def replace_secret(connection: Connection, secret: str, *, now: datetime) -> None:
    """Set a new secret, without saving; the old one stays valid for `OVERLAP`."""
    connection.previous_secret, connection.previous_secret_until = connection.secret, now + OVERLAP
    connection.secret = encrypt(secret)


def list_secrets(connection: Connection, *, now: datetime) -> list[str]:
    """Return the secrets that are valid at `now`, the newest first."""
    secrets = [decrypt(connection.secret)]
    if connection.previous_secret_until and now < connection.previous_secret_until:
        secrets.append(decrypt(connection.previous_secret))
    return secrets


def get_api_key(connection: Connection) -> str:
    """Return the key of the shop's API, "" if staff gave none."""
    return decrypt(connection.api_key) if connection.api_key else ""


def set_api_key(connection: Connection, key: str) -> None:
    """Set or remove the key of the shop's API, without saving."""
    connection.api_key = encrypt(key) if key else ""
