"""Keys with which the shop signs in to the orders API (CONTRACT 4): shown once, stored hashed, scoped, rotated, revocable."""

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
from accounts.models.api_key import list_scopes
from audit import trail
from lib.errors import NotAllowed

KEY_PREFIX = "accord_"
PREFIX_LENGTH = len(KEY_PREFIX) + 5
LAST_USED_INTERVAL = timedelta(minutes=1)
LONGEST_OVERLAP = timedelta(days=90)
# A shop that sends order after order is looked up once a second: that is how long a revoked key may still work elsewhere.
CACHE_TTL = timedelta(seconds=1)
CACHE_SIZE = 1_000
_cached_keys: dict[str, tuple[ApiKey, datetime]] = {}


@transaction.atomic
def create(*, name: str, scopes: Collection[str] | None = None, now: datetime, by: User | None) -> tuple[ApiKey, str]:
    """Make a key for `scopes` (all, unless told) and return it with its secret of 256 random bits, which is stored nowhere.

    Refuses an empty name, no scope, and a scope that there is not.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ValidationError({"name": _("Give the key a name of 1 to 100 characters.")})
    chosen = list_scopes() if scopes is None else [scope for scope in list_scopes() if scope in scopes]
    if not chosen or set(scopes or ()) - set(chosen):
        raise ValidationError(
            {"scopes": _("Choose what the key may: %(known)s.") % {"known": ", ".join(list_scopes())}}
        )
    key, secret = _make(name, chosen, now, by)
    trail.record(
        action="API key created", subject=key, now=now, by=by, after={"name": name, "scopes": " ".join(chosen)}
    )
    return key, secret


def _make(name: str, scopes: list[str], now: datetime, by: User | None) -> tuple[ApiKey, str]:
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    given = {"name": name, "scopes": scopes, "created_at": now, "created_by": by}
    return ApiKey.objects.create(prefix=secret[:PREFIX_LENGTH], digest=_hash_secret(secret), **given), secret


def find(bearer: str, now: datetime) -> ApiKey | None:
    """The key in force whose secret is `bearer` (what follows "Bearer " in the header), or None.

    It is looked up by its hash, which tells nobody how near a guess was, and remembered for a second: so long a key that is
    revoked in another process may still work. Its use is noted once a minute at most.
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
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - LAST_USED_INTERVAL)
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
    if len(_cached_keys) >= CACHE_SIZE:
        _cached_keys.clear()
    _cached_keys[digest] = (key, now)
    return key


def has_scope(key: ApiKey, scope: Scope) -> bool:
    """Whether the key was made for `scope`."""
    return scope.value in key.scopes


def _is_valid(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is None or now < key.expires_at


@transaction.atomic
def rotate(*, key: ApiKey, until: datetime, now: datetime, by: User | None) -> tuple[ApiKey, str]:
    """Make the key that replaces `key`, of the same name and scopes; both work until `until`, then the new one alone.

    Refuses a moment that is past or more than 90 days away, and a key that is revoked or was replaced before.
    """
    if not now < until <= now + LONGEST_OVERLAP:
        raise ValidationError({"until": _("Choose a moment from now on, 90 days away at most.")})
    old = ApiKey.objects.select_for_update().get(pk=key.pk)
    if old.revoked_at is not None or old.replaced_by_id is not None:
        raise NotAllowed(_("The key %(key)s is revoked or replaced already.") % {"key": key})
    new, secret = _make(old.name, old.scopes, now, by)
    ApiKey.objects.filter(pk=old.pk).update(expires_at=until, replaced_by=new)
    _cached_keys.clear()
    after = {"works until": until.isoformat(), "replaced by": str(new.pk)}
    trail.record(action="API key rotated", subject=old, now=now, by=by, before={"name": old.name}, after=after)
    return new, secret


@transaction.atomic
def revoke(*, key: ApiKey, reason: str, now: datetime, by: User | None) -> None:
    """Let nobody sign in with `key` any more; refuses one that is revoked already."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise NotAllowed(_("The key %(key)s is revoked already.") % {"key": key})
    _cached_keys.clear()
    trail.record(action="API key revoked", subject=key, now=now, by=by, before={"name": key.name}, reason=reason)


def _hash_secret(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
