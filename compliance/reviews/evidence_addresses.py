"""Addresses of what an affiliate is reproached with in a review: posts, pages, advertisements."""

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

MAX_ADDRESSES = 20
MAX_LENGTH = 500
_validate_url = URLValidator(schemes=("http", "https"))


def clean_addresses(text: str) -> str:
    """Return the addresses, one per line, each once and with a scheme.

    Raises ValidationError for `evidence_addresses` if a line is no address of a page, is too long, or if there are too many.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    addresses = list(dict.fromkeys(line if "://" in line else f"https://{line}" for line in lines))
    if len(addresses) > MAX_ADDRESSES:
        raise ValidationError({"evidence_addresses": _("Enter at most %(most)d addresses.") % {"most": MAX_ADDRESSES}})
    if not all(_is_page(address) for address in addresses):
        raise ValidationError(
            {"evidence_addresses": _("Enter one address of a page per line, such as https://example.com/post.")}
        )
    return "\n".join(addresses)


def _is_page(address: str) -> bool:
    try:
        _validate_url(address)
    except ValidationError:
        return False
    return len(address) <= MAX_LENGTH
