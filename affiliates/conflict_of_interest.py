"""Staff decide nothing about themselves (specification 7)."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from lib.errors import NotAllowed


def require_uninvolved(by: User | None, affiliates: Iterable[Affiliate]) -> None:
    """Raise NotAllowed if one of `affiliates`, about whom `by` decides, is their own. None is an automatic change."""
    if by is not None and any(affiliate.user_id == by.pk for affiliate in affiliates):
        raise NotAllowed(_("This concerns you as an affiliate. Another member of staff must do it."))
