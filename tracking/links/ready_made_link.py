"""The link that waits for an affiliate who has accepted their first agreement, so that they can share it at once."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.models import Acceptance, Program
from tracking.links import addresses, tracking_links
from tracking.models import Link


def create_ready_made_link(*, affiliate: Affiliate, now: datetime) -> Link | None:
    """Create a link to the shop's start page, once; return None if it is not the time for it or there is no shop.

    It is made after the first acceptance of an affiliate who has no link. Call it in the transaction of the acceptance,
    which has locked the affiliate.
    """
    is_first = Acceptance.objects.for_affiliate(affiliate).count() == 1
    target = _find_start_page(Program.current())
    if affiliate.state != State.ACTIVE or not is_first or not target or Link.objects.for_affiliate(affiliate).exists():
        return None
    try:
        with transaction.atomic():
            return tracking_links.create_link(
                affiliate=affiliate, target=target, name=_("Start page of the shop"), now=now, by=affiliate.user
            )
    except ValidationError:
        # The affiliate can still create one; the acceptance must not fail for it.
        return None


def _find_start_page(program: Program) -> str:
    """Return the shop's address if links may lead to it, else the first of the shop's hosts; "" without one."""
    hosts = addresses.get_shop_hosts(program)
    if addresses.parse_permitted_address(program.shop_url, hosts):
        return program.shop_url
    return f"https://{min(hosts)}/" if hosts else ""
