"""API keys of the shop for the orders API: shown once, stored as hashes, with scopes (specification 4)."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Scope, User
from accounts.models.api_key import list_order_scopes
from audit import trail
from lib.errors import NotAllowed

KEY_PREFIX = "accord_"
PREFIX_LENGTH = len(KEY_PREFIX) + 5
LAST_USED_INTERVAL = timedelta(minutes=1)
MAX_OVERLAP = timedelta(days=90)
# Spares a query per request. A key that another process revokes may work this much longer.
CACHE_TTL = timedelta(seconds=1)
CACHE_SIZE = 1_000
# The audit reason of a new key, unless staff give another one.
USUAL_REASON = "A shop needs to send orders."
_cached_keys: dict[str, tuple[ApiKey, datetime]] = {}


@transaction.atomic
def create(
    *, name: str, scopes: Collection[str] | None = None, now: datetime, by: User | None, reason: str = USUAL_REASON
) -> tuple[ApiKey, str]:
    """Create a key with `scopes` (default: those for orders). Return it with its secret, which is not stored.

    The secret has 256 random bits. Raises ValidationError for an invalid name, an unknown scope, or no scope.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ValidationError({"name": _("Enter a name of 1 to 100 characters.")})
    chosen = list_order_scopes() if scopes is None else [scope for scope in Scope.values if scope in scopes]
    if not chosen or set(scopes or ()) - set(chosen):
        raise ValidationError(
            {"scopes": _("Choose at least one permission: %(known)s.") % {"known": ", ".join(Scope.values)}}
        )
    key, secret = _create_key(name, chosen, now, by)
    trail.record(
        action="API key created",
        subject=key,
        now=now,
        by=by,
        after={"name": name, "scopes": " ".join(chosen)},
        reason=reason,
    )
    return key, secret


def _create_key(name: str, scopes: list[str], now: datetime, by: User | None) -> tuple[ApiKey, str]:
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    values = {"name": name, "scopes": scopes, "created_at": now, "created_by": by}
    return ApiKey.objects.create(prefix=secret[:PREFIX_LENGTH], digest=_hash_secret(secret), **values), secret


def find(bearer: str, now: datetime) -> ApiKey | None:
    """Return the valid key with the secret `bearer` (the text after "Bearer " in the header), or None.

    Looking it up by its hash reveals nothing about partial matches. The result is cached for a second, so a key that
    another process revokes may work that much longer. `last_used_at` is updated at most once per minute.
    """
    digest = _hash_secret(bearer)
    key = _get_cached_key(digest, now) or _fetch_key(digest, now)
    return key if key is not None and _is_valid(key, now) else None


def _get_cached_key(digest: str, now: datetime) -> ApiKey | None:
    key, at = _cached_keys.get(digest, (None, now))
    return key if at <= now < at + CACHE_TTL else None


def _fetch_key(digest: str, now: datetime) -> ApiKey | None:
    key = ApiKey.objects.filter(digest=digest, revoked_at__isnull=True).first()
    if key is None or not compare_digest(key.digest, digest) or not _is_valid(key, now):
        return None
    if key.last_used_at is None or now - key.last_used_at >= LAST_USED_INTERVAL:
        outdated = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - LAST_USED_INTERVAL)
        ApiKey.objects.filter(outdated, pk=key.pk).update(last_used_at=now)
    if len(_cached_keys) >= CACHE_SIZE:
        _cached_keys.clear()
    _cached_keys[digest] = (key, now)
    return key


def has_scope(key: ApiKey, scope: Scope) -> bool:
    """Return whether the key has `scope`."""
    return scope.value in key.scopes


def _is_valid(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is None or now < key.expires_at


@transaction.atomic
def rotate(*, key: ApiKey, until: datetime, now: datetime, by: User | None) -> tuple[ApiKey, str]:
    """Create a replacement for `key` with the same name and scopes. Both work until `until`, then only the new one.

    Raises ValidationError unless `until` is within the next 90 days, and NotAllowed if the key is revoked or replaced.
    """
    if not now < until <= now + MAX_OVERLAP:
        raise ValidationError({"until": _("Choose a time within the next 90 days.")})
    old = ApiKey.objects.select_for_update().get(pk=key.pk)
    if old.revoked_at is not None or old.replaced_by_id is not None:
        raise NotAllowed(_("The key %(key)s has already been revoked or replaced.") % {"key": key})
    new, secret = _create_key(old.name, old.scopes, now, by)
    ApiKey.objects.filter(pk=old.pk).update(expires_at=until, replaced_by=new)
    _cached_keys.clear()
    after = {"works until": until.isoformat(), "replaced by": str(new.pk)}
    trail.record(
        action="API key rotated",
        subject=old,
        now=now,
        by=by,
        before={"name": old.name},
        after=after,
        reason="Replaced by a new key.",
    )
    return new, secret


@transaction.atomic
def revoke(*, key: ApiKey, reason: str, now: datetime, by: User | None) -> None:
    """Revoke `key`. Raises NotAllowed if it is already revoked."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise NotAllowed(_("The key %(key)s has already been revoked.") % {"key": key})
    _cached_keys.clear()
    trail.record(action="API key revoked", subject=key, now=now, by=by, before={"name": key.name}, reason=reason)


def _hash_secret(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
