"""Keys with which the shop signs in to the orders API (CONTRACT 4): shown once, stored hashed, revocable."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import recording
from accounts.errors import Refused
from accounts.models import ApiKey, User

BEGINNING = "accord_"
SHOWN = len(BEGINNING) + 5
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create(*, name: str, now: datetime, by: User | None) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret of 256 random bits, which is stored nowhere; refuses an empty name."""
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ValidationError({"name": _("Give the key a name of 1 to 100 characters.")})
    secret = BEGINNING + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(name=name, prefix=secret[:SHOWN], digest=_digest(secret), created_at=now, created_by=by)
    recording.record(action="API key made", subject=key, now=now, by=by, after={"name": name})
    return key, secret


def find(bearer: str, now: datetime) -> ApiKey | None:
    """The key in force whose secret is `bearer` (what follows "Bearer " in the header), or None.

    It is looked up by its hash, which tells nobody how near a guess was. Its use is noted once a minute at most.
    """
    digest = _digest(bearer)
    key = ApiKey.objects.filter(digest=digest, revoked_at__isnull=True).first()
    if key is None or not compare_digest(key.digest, digest):
        return None
    if key.last_used_at is None or now - key.last_used_at >= USE_IS_NOTED_EVERY:
        unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
    return key


@transaction.atomic
def revoke(*, key: ApiKey, reason: str, now: datetime, by: User | None) -> None:
    """Let nobody sign in with `key` any more; refuses one that is revoked already."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise Refused(_("The key %(key)s is revoked already.") % {"key": key})
    recording.record(action="API key revoked", subject=key, now=now, by=by, before={"name": key.name}, reason=reason)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
