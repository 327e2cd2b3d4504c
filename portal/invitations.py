"""Links with which imported affiliates set their first password, without asking for another e-mail."""

from datetime import timedelta
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core import signing
from django.urls import reverse

from accounts.models import User

SALT = "portal.invitation"
# A move to a new system reaches people on vacation, too. The link ends with the first password.
VALID = timedelta(days=60)


def build_token(user_id: UUID) -> str:
    """Return the token of the link for a user who has no password yet."""
    return signing.dumps(str(user_id), salt=SALT)


def find_user(token: str) -> User | None:
    """Return the user whom `token` invites; None if it is forged, too old, or of a closed account."""
    try:
        user_id = signing.loads(token, salt=SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=user_id, is_active=True).first()


def build_password_url(user: User) -> str:
    """Return the address at which `user` sets a password."""
    key = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
