"""Deep links: a tracking link that leads to another page of the shop than its own target (specification 4)."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from tracking.links import addresses
from tracking.links.link_fields import clean_sub_ids, clean_target, get_permitted_hosts
from tracking.links.tracking_links import build_short_url
from tracking.models import Link

# How many links a person can choose from.
MAX_OFFERED = 100


def list_offered_links(affiliate: Affiliate, chosen: UUID | None = None) -> list[Link]:
    """Return the links that a deep link can be built on: `chosen` first if it is the affiliate's, then the newest."""
    own = Link.objects.for_affiliate(affiliate)
    newest = list(own.filter(archived_at=None, paused_at=None)[:MAX_OFFERED])
    first = list(own.filter(pk=chosen)) if chosen else []
    return first + [link for link in newest if link not in first]


def build_deep_link(link: Link, *, page: str, sub_ids: Sequence[str] = ()) -> str:
    """Return the address that leads to `page` through the link and adds `sub_ids`.

    The redirect must be able to follow it. Raises ValidationError for `url` or a sub-ID otherwise.
    """
    parameters = {name: text for name, text in clean_sub_ids(sub_ids).items() if text}
    target = _clean_page(page, link)
    if target != link.target:
        parameters = {"to": target} | parameters
    return f"{build_short_url(link)}?{urlencode(parameters)}" if parameters else build_short_url(link)


def _clean_page(page: str, link: Link) -> str:
    try:
        target = clean_target(page, get_permitted_hosts())
    except ValidationError as error:
        raise ValidationError({"url": error.message_dict["target"]}) from None
    address = addresses.parse_address(target)
    if address is None or address.host not in {host.lower() for host in link.permitted_hosts}:
        text = _("%(link)s was last saved before the shop had this host. Save the link again, or choose another one.")
        raise ValidationError({"url": text % {"link": link}})
    return target
