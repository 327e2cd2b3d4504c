"""Normalization of channel addresses, so that no channel is added twice."""

from urllib.parse import SplitResult, urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

MAX_LENGTH = 500
PORTS = {"http": 80, "https": 443}
_validate_url = URLValidator(schemes=list(PORTS))


def normalize_address(text: str, *, field: str = "address") -> str:
    """Return the URL with scheme and host in lowercase and without default port and fragment.

    A URL without a scheme gets https. Raises ValidationError for `field` unless it is an http or https URL without user
    name and password.
    """
    text = text.strip()
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        if not text.isprintable():  # urlsplit would silently drop such characters
            raise ValueError
        parts = urlsplit(text)
        address = _join_parts(parts)
        _validate_url(address)
    except (ValueError, ValidationError):
        raise ValidationError({field: _("Enter a web address that starts with http:// or https://.")}) from None
    if "@" in parts.netloc:
        raise ValidationError({field: _("Remove the user name and password from the address.")})
    if len(address) > MAX_LENGTH:
        raise ValidationError({field: _("Enter at most %(longest)d characters.") % {"longest": MAX_LENGTH}})
    return address


def _join_parts(parts: SplitResult) -> str:
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, PORTS.get(scheme)) else f":{parts.port}"
    return urlunsplit((scheme, host + port, parts.path or "/", parts.query, ""))
