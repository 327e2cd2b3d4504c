"""The check of reasons that staff and affiliates must give."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_LENGTH = 2000


def require_reason(reason: str, *, field: str = "reason", max_length: int = MAX_LENGTH) -> str:
    """Return `reason` without outer white space, cut to `max_length` characters.

    Raises ValidationError for `field` if nothing is left.
    """
    stripped = reason.strip()
    if not stripped:
        raise ValidationError({field: _("Enter a reason.")})
    return stripped[:max_length]
