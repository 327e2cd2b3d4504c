"""The fields of a tracking link as people enter them, cleaned and checked (specification 4)."""

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.models import Program
from tracking.links import addresses

SUB_IDS = ("sub1", "sub2", "sub3", "sub4", "sub5")
MAX_TEXT_LENGTH = 100


def check_can_promote(affiliate: Affiliate) -> None:
    """Raise ValidationError unless the affiliate may create and change links."""
    if affiliate.state == State.APPROVED:
        raise ValidationError(_("Accept the agreement before you create links."))
    if affiliate.state != State.ACTIVE:
        raise ValidationError(
            _("Only active affiliates can create or change links. The status of this account is: %(state)s.")
            % {"state": affiliate.get_state_display()}
        )


def get_permitted_hosts() -> frozenset[str]:
    """Return the shop's hosts. Raises ValidationError for `target` if the program has none."""
    hosts = addresses.get_shop_hosts(Program.current())
    if not hosts:
        raise ValidationError(
            {"target": _("The program has not set the shop's address yet, so no links can be created.")}
        )
    return hosts


def clean_target(target: str, hosts: frozenset[str]) -> str:
    """Return the target with white space encoded, and without a click id: each click adds its own.

    An address on one of `hosts` may lack its "https://".

    Raises ValidationError for `target` unless it is an address on one of `hosts`.
    """
    if target.strip().partition("/")[0].lower() in hosts:
        target = f"https://{target.strip()}"
    address = addresses.parse_pasted_address(target)
    if address is None:
        raise ValidationError({"target": _("Enter a full URL, such as https://shop.example/page.")})
    if address.host not in hosts:
        raise ValidationError(
            {
                "target": _("Enter a page on %(hosts)s. Links to %(host)s are not allowed.")
                % {"hosts": ", ".join(sorted(hosts)), "host": address.host}
            }
        )
    text = addresses.remove_parameter(address.text, settings.CLICK_ID_PARAMETER)
    if len(text) > addresses.MAX_LENGTH:
        raise ValidationError({"target": _("This URL is too long.")})
    return text


def clean_sub_ids(sub_ids: Sequence[str]) -> dict[str, str]:
    """Return {field: sub-ID} for all five. Raises ValidationError by field."""
    if len(sub_ids) > len(SUB_IDS):
        raise ValidationError(_("A link can have at most five sub-IDs."))
    padded = [*sub_ids, *[""] * (len(SUB_IDS) - len(sub_ids))]
    return {field: clean_text(text, field) for field, text in zip(SUB_IDS, padded, strict=True)}


def clean_text(text: str, field: str) -> str:
    """Return a name or sub-ID without white space around it. Raises ValidationError for `field`."""
    text = text.strip()
    if len(text) > MAX_TEXT_LENGTH or not text.isprintable():
        raise ValidationError({field: _("Enter at most 100 printable characters.")})
    return text
