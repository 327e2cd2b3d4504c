"""Connections are added, changed, paused, resumed and deleted by staff, each with an audit record (specification 9, 11)."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from lib.reasons import require_reason
from lib.text import clean_code, clean_name
from shops.connectors import secrets
from shops.connectors.registry import CONNECTORS, get_connector
from shops.connectors.setup_guides import generate_secret, get_guide
from shops.models import Connection, Platform, ShopEvent

State = Connection.State
MAX_NAME = 60
MAX_PREFIX = 12
MAX_SECRET = 500
MAX_COMPLETION_DAYS = 365
# Without a hyphen, so that the ids of two connections can never be equal.
_PREFIX = re.compile(rf"[a-z0-9]{{1,{MAX_PREFIX}}}", re.ASCII)


def propose_prefix(name: str) -> str:
    """Return a prefix made from the name that no connection has."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]", "", letters)[:MAX_PREFIX] or "shop"
    taken = set(Connection.objects.values_list("prefix", flat=True))
    number, prefix = 1, base
    while prefix in taken:
        number += 1
        prefix = base[: MAX_PREFIX - len(str(number))] + str(number)
    return prefix


@transaction.atomic
def create_connection(
    *, platform: str, name: str, prefix: str, secret: str, reason: str, now: datetime, by: User | None
) -> tuple[Connection, str]:
    """Create an active connection. Return it, and the secret if it was generated because `secret` is empty.

    A shop that shows its own secret may need the webhook address first: without `secret`, no event is accepted until
    staff replace it. Raises ValidationError with the field.
    """
    if platform not in CONNECTORS:
        raise ValidationError({"platform": _("There is no connector for this platform.")})
    connection = Connection(platform=platform, name=_check_name(name), created_at=now, created_by=by)
    connection.prefix = _check_prefix(prefix) if prefix.strip() else propose_prefix(connection.name)
    connector = get_connector(connection)
    connection.completion, connection.options = connector.default_completion, dict(connector.default_options)
    if not clean_code(secret) and not get_guide(platform).takes_our_secret:
        secrets.set_secret(connection, generate_secret())
        generated = ""
    else:
        checked, generated = _choose_secret(connection, secret)
        secrets.set_secret(connection, checked)
    connection.save(force_insert=True)
    _record(connection, "added", now=now, by=by, reason=reason, after=_describe(connection))
    return connection, generated


@transaction.atomic
def change_settings(
    *, connection: Connection, completion: str, completion_days: int, options: Mapping[str, Any], reason: str,
    now: datetime, by: User | None,
) -> None:  # fmt: skip
    """Change when orders are completed, and the options of the platform; applies to events from now on."""
    locked = _lock(connection)
    if not 1 <= completion_days <= MAX_COMPLETION_DAYS:
        raise ValidationError({"completion_days": _("Enter 1 to %(most)d days.") % {"most": MAX_COMPLETION_DAYS}})
    before = _describe(locked)
    locked.completion, locked.completion_days = completion, completion_days
    locked.options = {**locked.options, **options}
    locked.save(update_fields=["completion", "completion_days", "options"])
    _record(locked, "changed", now=now, by=by, reason=reason, before=before, after=_describe(locked))


@transaction.atomic
def replace_secret(*, connection: Connection, secret: str, reason: str, now: datetime, by: User | None) -> str:
    """Replace the secret; the old one stays valid for two days. Return the new one if it was generated."""
    locked = _lock(connection)
    checked, generated = _choose_secret(locked, secret)
    if checked in secrets.list_secrets(locked, now=now):
        raise ValidationError({"secret": _("This is already a secret of the connection.")})
    secrets.replace_secret(locked, checked, now=now)
    locked.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    until = {"old secret valid until": locked.previous_secret_until}
    _record(locked, "secret replaced", now=now, by=by, reason=reason, after=until)
    return generated


@transaction.atomic
def set_api_key(
    *, connection: Connection, api_url: str, api_key: str, reason: str, now: datetime, by: User | None
) -> None:
    """Set the address and the read-only key of the shop's API, or remove both if the key is empty."""
    locked = _lock(connection)
    connector = get_connector(locked)
    key, url = api_key.strip(), connector.api_url or api_url.strip()
    if key:
        connector.check_api(url, key)
    before = {"API key": bool(locked.api_key), "address": locked.api_url}
    secrets.set_api_key(locked, key)
    locked.api_url = url if key else ""
    locked.save(update_fields=["api_url", "api_key"])
    locked.api_failures.all().delete()
    after = {"API key": bool(key), "address": locked.api_url}
    action = "API key set" if key else "API key removed"
    _record(locked, action, now=now, by=by, reason=reason, before=before, after=after)


@transaction.atomic
def pause(*, connection: Connection, reason: str, now: datetime, by: User | None) -> None:
    """Keep events that arrive, and process none of them until the connection is resumed."""
    _change_state(connection, {State.ACTIVE}, State.PAUSED, reason=reason, now=now, by=by)


@transaction.atomic
def resume(*, connection: Connection, reason: str, now: datetime, by: User | None) -> None:
    """Process events again, those first that arrived in the meantime."""
    _change_state(connection, {State.PAUSED}, State.ACTIVE, reason=reason, now=now, by=by)


@transaction.atomic
def delete(*, connection: Connection, reason: str, now: datetime, by: User | None) -> None:
    """Close the webhook address for good. Orders stay, events that wait are ignored, the API key is deleted."""
    _change_state(connection, {State.ACTIVE, State.PAUSED}, State.DELETED, reason=reason, now=now, by=by)
    rows = Connection.objects.filter(pk=connection.pk)
    rows.update(api_key="", previous_secret="", previous_secret_until=None)  # nosec B106 -- no password
    waiting = ShopEvent.objects.filter(connection=connection, state=ShopEvent.State.WAITING)
    waiting.update(
        state=ShopEvent.State.IGNORED, outcome="ignored", cause="the connection was deleted", next_attempt_at=None,
        processed_at=now,
    )  # fmt: skip


def _change_state(
    connection: Connection, expected: set[State], to: State, *, reason: str, now: datetime, by: User | None
) -> None:
    require_reason(reason)
    state = _lock(connection).state
    if state not in expected:
        raise NotAllowed(_("The connection is already %(state)s.") % {"state": State(state).label})
    Connection.objects.filter(pk=connection.pk).update(state=to)
    _record(connection, str(to), now=now, by=by, reason=reason, before={"state": state}, after={"state": to.value})


def _lock(connection: Connection) -> Connection:
    """Return the connection, locked until the transaction ends. Raises NotAllowed if it was deleted."""
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if locked.state == State.DELETED:
        raise NotAllowed(_("The connection was deleted."))
    return locked


def _check_name(name: str) -> str:
    cleaned = clean_name(name)
    if not cleaned:
        raise ValidationError({"name": _("Enter a name.")})
    if len(cleaned) > MAX_NAME:
        raise ValidationError({"name": _("The name has more than %(most)d characters.") % {"most": MAX_NAME}})
    if Connection.objects.filter(name__iexact=cleaned).exists():
        raise ValidationError({"name": _("Another connection, perhaps a deleted one, has this name.")})
    return cleaned


def _check_prefix(prefix: str) -> str:
    cleaned = clean_code(prefix).lower()
    if not _PREFIX.fullmatch(cleaned):
        message = _("Enter at most %(most)d letters from a to z and digits.") % {"most": MAX_PREFIX}
        raise ValidationError({"prefix": message})
    if Connection.objects.filter(prefix=cleaned).exists():
        raise ValidationError({"prefix": _("Another connection, perhaps a deleted one, has this prefix.")})
    return cleaned


def _choose_secret(connection: Connection, secret: str) -> tuple[str, str]:
    """Return the secret to store, and the same again if it was generated, else ""."""
    given = clean_code(secret)
    if not given and get_guide(connection.platform).takes_our_secret:
        given = generated = generate_secret()
    else:
        generated = ""
    if len(given) > MAX_SECRET:
        raise ValidationError({"secret": _("The secret has more than %(most)d characters.") % {"most": MAX_SECRET}})
    get_connector(connection).check_secret(given)
    return given, generated


def _describe(connection: Connection) -> dict[str, Any]:
    """Return what the audit record says about a connection: no secrets."""
    return {
        "platform": Platform(connection.platform).value,
        "name": connection.name,
        "prefix": connection.prefix,
        "completion": connection.completion,
        "days": connection.completion_days,
        "options": connection.options,
    }


def _record(
    connection: Connection, what: str, *, now: datetime, by: User | None, reason: str,
    before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    trail.record(
        action=f"shop connection {what}", subject=connection, now=now, by=by, before=before, after=after,
        reason=require_reason(reason),
    )  # fmt: skip
