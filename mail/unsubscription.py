"""Optional e-mails, and the signed addresses that turn one of them off without signing in (RFC 8058)."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

# Affiliates can turn these off. All other kinds are legal notices, messages to them, or about money.
OPTIONAL_KINDS = ("first_commission", "sale", "weekly_digest", "target_at_risk", "month_closed", "announcement")
# Those of them that are off until an affiliate turns them on.
OPT_IN_KINDS = ("sale",)
_SALT = "mail.unsubscription"


def build_unsubscribe_url(kind: str, code: str) -> str:
    """Return the address that turns the e-mail `kind` off for the affiliate `code`; it never expires."""
    token = Signer(salt=_SALT).sign_object([kind, code])
    return settings.BASE_URL + reverse("portal:unsubscribe", args=[token])


def read_unsubscribe_token(token: str) -> tuple[str, str] | None:
    """Return the kind and the affiliate's code that `token` names; None if it is not genuine."""
    try:
        kind, code = Signer(salt=_SALT).unsign_object(token)
    except (BadSignature, ValueError):
        return None
    return kind, code


def build_headers(kind: str, code: str) -> dict[str, str]:
    """Return the headers by which a mail program offers to unsubscribe; none for an e-mail that is always sent."""
    if kind not in OPTIONAL_KINDS or not code:
        return {}
    return {
        "List-Unsubscribe": f"<{build_unsubscribe_url(kind, code)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
