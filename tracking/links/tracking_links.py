"""Tracking links: created, changed, paused and resumed by affiliates, or by staff for them (specification 4)."""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.models import Program
from audit import trail
from tracking.links import addresses
from tracking.models import Link

SUB_IDS = ("sub1", "sub2", "sub3", "sub4", "sub5")
MAX_LINKS = 10_000
_LETTERS = string.ascii_letters + string.digits
_CODE_LENGTH = 8
_ATTEMPTS = 10
# The audit reason of links that staff create and change.
FOR_THE_AFFILIATE = "Done by staff for the affiliate."


@transaction.atomic
def create_link(
    *, affiliate: Affiliate, target: str, name: str = "", sub_ids: Sequence[str] = (), now: datetime, by: User | None
) -> Link:
    """Create a link of `affiliate` with a short code that cannot be guessed (specification 4).

    `target` must be an http or https address on one of the shop's hosts; deep links may lead to any of them. Raises
    ValidationError by field for other targets, for a name or sub-ID that is too long and for inactive affiliates.
    """
    _check_can_promote(affiliate)
    hosts = _get_permitted_hosts()
    fields = {"name": _clean_text(name, "name"), **_clean_sub_ids(sub_ids), "target": _clean_target(target, hosts)}
    if Link.objects.for_affiliate(affiliate).count() >= MAX_LINKS:
        raise ValidationError(_("You can have at most %(limit)d links.") % {"limit": MAX_LINKS})
    link = _save_with_unique_code(Link(affiliate=affiliate, permitted_hosts=sorted(hosts), created_at=now, **fields))
    _record_audit("link created", link, now=now, by=by, after={"target": link.target}, reason=FOR_THE_AFFILIATE)
    return link


@transaction.atomic
def update_link(
    *, link: Link, target: str, name: str = "", sub_ids: Sequence[str] = (), now: datetime, by: User | None
) -> None:
    """Change a link's target, name or sub-IDs under the rules of `create_link`; its code stays."""
    _check_can_promote(link.affiliate)
    hosts = _get_permitted_hosts()
    fields = {"name": _clean_text(name, "name"), **_clean_sub_ids(sub_ids), "target": _clean_target(target, hosts)}
    before = {field: getattr(link, field) for field in fields}
    for field, value in fields.items():
        setattr(link, field, value)
    link.permitted_hosts = sorted(hosts)
    link.save(update_fields=[*fields, "permitted_hosts", "changed_at"])
    _record_audit("link changed", link, now=now, by=by, before=before, after=fields, reason=FOR_THE_AFFILIATE)


def pause_link(*, link: Link, now: datetime, by: User | None, reason: str = FOR_THE_AFFILIATE) -> None:
    """Pause the link: it redirects without a click id. Raises IllegalTransition if it is paused already."""
    _set_paused(link, "link paused", now, now=now, by=by, reason=reason)


def resume_link(*, link: Link, now: datetime, by: User | None, reason: str = FOR_THE_AFFILIATE) -> None:
    """Resume tracking of the link. Raises IllegalTransition if it is not paused."""
    _set_paused(link, "link resumed", None, now=now, by=by, reason=reason)


def build_short_url(link: Link) -> str:
    """Return the URL that the affiliate publishes."""
    return f"{settings.CLICK_BASE_URL}/r/{link.code}"


@transaction.atomic
def _set_paused(
    link: Link, action: str, paused_at: datetime | None, *, now: datetime, by: User | None, reason: str
) -> None:
    expected = Link.objects.filter(pk=link.pk, paused_at__isnull=paused_at is not None)
    if not expected.update(paused_at=paused_at, changed_at=now):
        text = _("%(link)s is already paused.") if paused_at else _("%(link)s is not paused.")
        raise IllegalTransition(text % {"link": link})
    link.paused_at = paused_at
    _record_audit(action, link, now=now, by=by, reason=reason)


def _save_with_unique_code(link: Link) -> Link:
    for _attempt in range(_ATTEMPTS):
        link.code = "".join(secrets.choice(_LETTERS) for _place in range(_CODE_LENGTH))
        if Link.objects.filter(code=link.code).exists():
            continue
        try:
            with transaction.atomic():
                link.save(force_insert=True)
            return link
        except IntegrityError:
            continue
    raise ValidationError(_("No free code was found. Try again."))


def _check_can_promote(affiliate: Affiliate) -> None:
    if affiliate.state == State.APPROVED:
        raise ValidationError(_("Accept the agreement before you create links."))
    if affiliate.state != State.ACTIVE:
        raise ValidationError(
            _("Only active affiliates can create or change links. The status of this account is: %(state)s.")
            % {"state": affiliate.get_state_display()}
        )


def _get_permitted_hosts() -> frozenset[str]:
    hosts = addresses.get_shop_hosts(Program.current())
    if not hosts:
        raise ValidationError(
            {"target": _("The program has not set the shop's address yet, so no links can be created.")}
        )
    return hosts


def _clean_target(target: str, hosts: frozenset[str]) -> str:
    """Return the target with white space encoded, and without a click id: each click adds its own."""
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


def _clean_sub_ids(sub_ids: Sequence[str]) -> dict[str, str]:
    if len(sub_ids) > len(SUB_IDS):
        raise ValidationError(_("A link can have at most five sub-IDs."))
    padded = [*sub_ids, *[""] * (len(SUB_IDS) - len(sub_ids))]
    return {field: _clean_text(text, field) for field, text in zip(SUB_IDS, padded, strict=True)}


def _clean_text(text: str, field: str) -> str:
    text = text.strip()
    if len(text) > 100 or not text.isprintable():
        raise ValidationError({field: _("Enter at most 100 printable characters.")})
    return text


def _record_audit(
    action: str,
    link: Link,
    *,
    now: datetime,
    by: User | None,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
    reason: str,
) -> None:
    """Write an audit record unless it is the affiliate who acts: only changes by others are privileged."""
    if by is not None and by.pk != link.affiliate.user_id:
        trail.record(action=action, subject=link, now=now, by=by, before=before, after=after, reason=reason)
