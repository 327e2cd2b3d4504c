"""Tracking links: created, changed, paused and archived by affiliates, or by staff for them (specification 4)."""

import secrets
import string
from collections.abc import Collection, Sequence
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate
from audit import trail
from audit.models import AuditRecord
from tracking.links import own_names
from tracking.links.link_fields import (
    check_can_promote,
    clean_sub_ids,
    clean_target,
    clean_text,
    get_permitted_hosts,
)
from tracking.models import Link, LinkName

MAX_LINKS = 10_000
_LETTERS = string.ascii_letters + string.digits
_CODE_LENGTH = 8
_ATTEMPTS = 10
# The audit reason of links that staff create and change.
FOR_THE_AFFILIATE = "Done by staff for the affiliate."
# Of audit records, from which the page of a link says that it was staff.
PAUSED, ARCHIVED = "link paused", "link archived"
# By field, and whether it was to be set.
_UNCHANGED = {
    ("paused_at", True): gettext_lazy("%(link)s is already paused."),
    ("paused_at", False): gettext_lazy("%(link)s is not paused."),
    ("archived_at", True): gettext_lazy("%(link)s is already archived."),
    ("archived_at", False): gettext_lazy("%(link)s is not archived."),
}


@transaction.atomic
def create_link(
    *,
    affiliate: Affiliate,
    target: str,
    name: str = "",
    own_name: str = "",
    sub_ids: Sequence[str] = (),
    now: datetime,
    by: User | None,
) -> Link:
    """Create a link of `affiliate` with a short code that cannot be guessed (specification 4).

    `target` must be an http or https address on one of the shop's hosts; deep links may lead to any of them. The link
    is published under `own_name` instead of the code unless that is "". Raises ValidationError by field for other
    targets, for a name or sub-ID that is too long, for an own name that is malformed, reserved or taken, and for
    inactive affiliates.
    """
    check_can_promote(affiliate)
    hosts = get_permitted_hosts()
    fields = {"name": clean_text(name, "name"), **clean_sub_ids(sub_ids), "target": clean_target(target, hosts)}
    own_name = own_names.clean_own_name(own_name)
    check_limit(affiliate, 1)
    link = _save_with_unique_code(Link(affiliate=affiliate, permitted_hosts=sorted(hosts), created_at=now, **fields))
    if own_name:
        own_names.publish_name(link=link, name=own_name, now=now)
    _record_audit(
        "link created",
        link,
        now=now,
        by=by,
        after={"target": link.target, "own_name": own_name},
        reason=FOR_THE_AFFILIATE,
    )
    return link


@transaction.atomic
def update_link(
    *,
    link: Link,
    target: str,
    name: str = "",
    own_name: str | None = None,
    sub_ids: Sequence[str] = (),
    now: datetime,
    by: User | None,
) -> None:
    """Change a link's target, name, own name or sub-IDs under the rules of `create_link`; its code stays.

    The own name stays if it is None. If it is "", the link is published under its code again.
    """
    check_can_promote(link.affiliate)
    hosts = get_permitted_hosts()
    fields = {"name": clean_text(name, "name"), **clean_sub_ids(sub_ids), "target": clean_target(target, hosts)}
    published = link.own_name or "" if own_name is None else own_names.clean_own_name(own_name)
    before = {field: getattr(link, field) for field in (*fields, "own_name")}
    if published != (link.own_name or ""):
        own_names.publish_name(link=link, name=published, now=now)
    for field, value in fields.items():
        setattr(link, field, value)
    link.permitted_hosts = sorted(hosts)
    link.save(update_fields=[*fields, "permitted_hosts", "changed_at"])
    after = fields | {"own_name": published}
    _record_audit("link changed", link, now=now, by=by, before=before, after=after, reason=FOR_THE_AFFILIATE)


def pause_link(*, link: Link, now: datetime, by: User | None, reason: str = FOR_THE_AFFILIATE) -> None:
    """Pause the link: it redirects without a click id. Raises IllegalTransition if it is paused already."""
    _set_moment(link, "paused_at", now, PAUSED, now=now, by=by, reason=reason)


def resume_link(*, link: Link, now: datetime, by: User | None, reason: str = FOR_THE_AFFILIATE) -> None:
    """Resume tracking of the link. Raises IllegalTransition if it is not paused."""
    _set_moment(link, "paused_at", None, "link resumed", now=now, by=by, reason=reason)


def archive_link(*, link: Link, now: datetime, by: User | None, reason: str = FOR_THE_AFFILIATE) -> None:
    """Leave the link out of the list of links; it goes on working and earning, because it stays published.

    Raises IllegalTransition if it is archived already.
    """
    _set_moment(link, "archived_at", now, ARCHIVED, now=now, by=by, reason=reason)


def restore_link(*, link: Link, now: datetime, by: User | None, reason: str = FOR_THE_AFFILIATE) -> None:
    """Put an archived link back into the list. Raises IllegalTransition if it is not archived."""
    _set_moment(link, "archived_at", None, "link restored", now=now, by=by, reason=reason)


def find_staff_reasons(link: Link) -> dict[str, str]:
    """Return why staff paused or archived the link, as `paused` and `archived`; neither if its affiliate did."""
    moments = [moment for moment in (link.paused_at, link.archived_at) if moment]
    if not moments:
        return {}
    records = AuditRecord.objects.filter(subject_type=link._meta.label_lower, subject_id=str(link.pk), at__in=moments)
    found = records.filter(action__in=(PAUSED, ARCHIVED)).values_list("action", "reason")
    return {action.removeprefix("link "): reason for action, reason in found}


def build_short_url(link: Link) -> str:
    """Return the URL that the affiliate publishes."""
    return f"{settings.CLICK_BASE_URL}/r/{link.published_code}"


def find_twin(link: Link) -> Link | None:
    """Return the newest other link of the affiliate to the same page, which is not archived."""
    own = Link.objects.for_affiliate(link.affiliate_id)
    return own.filter(target=link.target, archived_at=None).exclude(pk=link.pk).first()


def check_limit(affiliate: Affiliate, count: int) -> None:
    """Raise ValidationError if the affiliate cannot have `count` more links."""
    if Link.objects.for_affiliate(affiliate).count() + count > MAX_LINKS:
        raise ValidationError(_("You can have at most %(limit)d links.") % {"limit": MAX_LINKS})


def generate_code() -> str:
    """Return a random code, which another link may have."""
    return "".join(secrets.choice(_LETTERS) for _place in range(_CODE_LENGTH))


@transaction.atomic
def _set_moment(
    link: Link, field: str, moment: datetime | None, action: str, *, now: datetime, by: User | None, reason: str
) -> None:
    """Set `paused_at` or `archived_at`, which must be empty before, or the other way round."""
    expected = Link.objects.filter(pk=link.pk, **{f"{field}__isnull": moment is not None})
    if not expected.update(**{field: moment, "changed_at": now}):
        raise IllegalTransition(_UNCHANGED[field, moment is not None] % {"link": link})
    setattr(link, field, moment)
    _record_audit(action, link, now=now, by=by, reason=reason)


def _save_with_unique_code(link: Link) -> Link:
    for _attempt in range(_ATTEMPTS):
        link.code = generate_code()
        if find_taken([link.code]):
            continue
        try:
            with transaction.atomic():
                link.save(force_insert=True)
            return link
        except IntegrityError:
            continue
    raise ValidationError(_("No free code was found. Try again."))


def find_taken(codes: Collection[str]) -> set[str]:
    """Return those of `codes` that a link has, or as a name in lower case."""
    lowered = {code.lower(): code for code in codes}
    named = LinkName.objects.filter(name__in=lowered).values_list("name", flat=True)
    return {*Link.objects.filter(code__in=codes).values_list("code", flat=True), *(lowered[name] for name in named)}


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
