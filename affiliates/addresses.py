"""The address of a channel, in one normal form, so that the same channel is not declared twice."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

MAX_LENGTH = 500
PORTS = {"http": 80, "https": 443}
_validate_url = URLValidator(schemes=list(PORTS))


def normalize_address(text: str, *, field: str = "address") -> str:
    """The web address `text` with its scheme and host in small letters, without a default port and a fragment.

    An address without a scheme is read as https. Refuses, by `field`, whatever is no http or https address, or names
    a user or a password.
    """
    text = text.strip()
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        if not text.isprintable():  # urlsplit would leave out what it doesn't like, in silence
            raise ValueError
        parts = urlsplit(text)
        address = _join_parts(parts)
        _validate_url(address)
    except (ValueError, ValidationError):
        raise ValidationError({field: _("Enter a web address that begins with http:// or https://.")}) from None
    if "@" in parts.netloc:
        raise ValidationError({field: _("Leave out the user name and password.")})
    if len(address) > MAX_LENGTH:
        raise ValidationError({field: _("At most %(longest)d characters.") % {"longest": MAX_LENGTH}})
    return address


def _join_parts(parts: SplitResult) -> str:
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, PORTS.get(scheme)) else f":{parts.port}"
    return urlunsplit((scheme, host + port, parts.path or "/", parts.query, ""))
