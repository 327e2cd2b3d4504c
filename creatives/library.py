"""Uploading, changing and withdrawing creatives (specification 10)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.conf import global_settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, Channel, State
from affiliates.notifications import Notice, notify_many
from agreements.models import Program
from audit import trail
from creatives.images import BannerFile, validate_image
from creatives.models import Creative, CreativeImage, CreativeLink
from creatives.models.creative import CHANGEABLE
from creatives.snippets import PLACEHOLDER
from lib.keyset import iterate_by_key
from lib.reasons import require_reason
from lib.text import clean_name
from tracking.links import addresses

MAX_BODY = 2000
# The audit reason of an upload and of a change, for which none has to be given.
FOR_AFFILIATES = "Offered to affiliates."
# They have left: nothing of theirs is tracked, and the notice would not concern them.
_GONE_STATES = (State.REJECTED, State.TERMINATED)


@transaction.atomic
def upload_banner(
    *,
    title: str,
    image: bytes,
    alternative_text: str,
    channel_kinds: Collection[str],
    target: str,
    language: str = "",
    active_from: datetime | None = None,
    active_until: datetime | None = None,
    now: datetime,
    by: User | None,
) -> Creative:
    """Store a banner. Its size is read from the file. Raises ValidationError by field."""
    file: BannerFile = validate_image(image)
    creative = Creative(
        kind=Creative.Kind.BANNER,
        media_type=file.media_type,
        width=file.width,
        height=file.height,
        alternative_text=_clean_line(alternative_text, "alternative_text", 200),
        **_clean_fields(title, channel_kinds, target, language, active_from or now, active_until),
    )
    return _store(creative, file.content, now=now, by=by)


@transaction.atomic
def upload_text(
    *,
    title: str,
    body: str,
    channel_kinds: Collection[str],
    target: str,
    language: str = "",
    active_from: datetime | None = None,
    active_until: datetime | None = None,
    now: datetime,
    by: User | None,
) -> Creative:
    """Store a text, in which `{link}` is replaced by the affiliate's link. Raises ValidationError by field."""
    creative = Creative(
        kind=Creative.Kind.TEXT,
        body=_clean_body(body),
        **_clean_fields(title, channel_kinds, target, language, active_from or now, active_until),
    )
    return _store(creative, None, now=now, by=by)


@transaction.atomic
def change_creative(
    *,
    creative: Creative,
    title: str,
    channel_kinds: Collection[str],
    active_from: datetime,
    active_until: datetime | None,
    now: datetime,
    by: User | None,
) -> None:
    """Change what shows on no channel; for another image, text or landing page, staff upload a new creative.

    Raises ValidationError by field, and IllegalTransition if the creative is withdrawn.
    """
    locked = _lock(creative)
    fields = {
        "title": _clean_line(title, "title", 100),
        "channel_kinds": _clean_channel_kinds(channel_kinds),
        "active_from": active_from,
        "active_until": active_until,
    }
    _check_period(active_from, active_until)
    before = {name: getattr(locked, name) for name in CHANGEABLE}
    Creative.objects.filter(pk=creative.pk).update(**fields)
    trail.record(
        action="creative changed",
        subject=creative,
        now=now,
        by=by,
        before=_describe_values(before),
        after=_describe_values(fields),
        reason=FOR_AFFILIATES,
    )


@transaction.atomic
def withdraw_creative(*, creative: Creative, reason: str, now: datetime, by: User | None) -> int:
    """Withdraw a creative for good and notify the affiliates who have its link. Return their number.

    Its image is replaced by a neutral one wherever it is shown; its links still lead to the shop and are tracked. Raises
    ValidationError without a reason, and IllegalTransition if the creative is withdrawn already.
    """
    reason = require_reason(reason)
    _lock(creative)
    Creative.objects.filter(pk=creative.pk).update(withdrawn_at=now, withdrawn_by=by, withdrawal_reason=reason)
    trail.record(action="creative withdrawn", subject=creative, now=now, by=by, reason=reason)
    context = {"title": creative.title, "reason": reason, "is_banner": creative.kind == Creative.Kind.BANNER}
    notices = [
        Notice(affiliate, f"{creative.pk}:{affiliate.pk}", context | {"creative_id": str(creative.pk)})
        for affiliate in iterate_by_key(_select_recipients(creative))
    ]
    notify_many(kind="creative_withdrawn", notices=notices)
    return len(notices)


def count_recipients(creative: Creative) -> int:
    """Return how many affiliates a withdrawal would notify."""
    return _select_recipients(creative).count()


def _select_recipients(creative: Creative) -> QuerySet[Affiliate]:
    holders = CreativeLink.objects.filter(creative=creative).values("affiliate")
    return Affiliate.objects.filter(pk__in=holders).exclude(state__in=_GONE_STATES).select_related("user")


def _lock(creative: Creative) -> Creative:
    """Lock the creative and return it as stored. Raises IllegalTransition if it is withdrawn."""
    locked = Creative.objects.select_for_update().get(pk=creative.pk)
    if locked.withdrawn_at is not None:
        raise IllegalTransition(_("%(creative)s has been withdrawn already.") % {"creative": creative})
    return locked


def _store(creative: Creative, content: bytes | None, *, now: datetime, by: User | None) -> Creative:
    creative.created_at, creative.created_by = now, by
    creative.save(force_insert=True)
    if content is not None:
        CreativeImage.objects.create(creative=creative, content=content)
    after = {"title": creative.title, "kind": creative.kind, "target": creative.target, "size": creative.size}
    trail.record(action="creative uploaded", subject=creative, now=now, by=by, after=after, reason=FOR_AFFILIATES)
    return creative


def _clean_fields(
    title: str,
    channel_kinds: Collection[str],
    target: str,
    language: str,
    active_from: datetime,
    active_until: datetime | None,
) -> dict[str, Any]:
    _check_period(active_from, active_until)
    return {
        "title": _clean_line(title, "title", 100),
        "channel_kinds": _clean_channel_kinds(channel_kinds),
        "target": _clean_target(target),
        "language": _clean_language(language),
        "active_from": active_from,
        "active_until": active_until,
    }


def _clean_line(text: str, field: str, limit: int) -> str:
    line = clean_name(text)
    if not 1 <= len(line) <= limit or not line.replace("\u200c", "").replace("\u200d", "").isprintable():
        raise ValidationError({field: _("Enter 1 to %(limit)d printable characters.") % {"limit": limit}})
    return line


def _clean_body(text: str) -> str:
    """Return a text with line feeds at the ends of its lines."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if body.count(PLACEHOLDER) != 1:
        raise ValidationError({"body": _("Write {link} once, where the affiliate's link belongs.")})
    if len(body) > MAX_BODY or any(ord(character) < 32 and character != "\n" for character in body):
        raise ValidationError({"body": _("Enter at most %(limit)d printable characters.") % {"limit": MAX_BODY}})
    return body


def _clean_channel_kinds(kinds: Collection[str]) -> Sequence[str]:
    """Return the kinds in the order in which they are offered."""
    if not kinds or not set(kinds) <= set(Channel.Kind.values):
        raise ValidationError({"channel_kinds": _("Choose at least one type of channel.")})
    return [kind for kind in Channel.Kind.values if kind in kinds]


def _clean_language(language: str) -> str:
    if language and language not in dict(global_settings.LANGUAGES):
        raise ValidationError({"language": _("Choose one of the languages in the list.")})
    return language


def _clean_target(target: str) -> str:
    """Return the landing page, under the rules of tracking links."""
    hosts = addresses.get_shop_hosts(Program.current())
    address = addresses.parse_pasted_address(target)
    if address is None or address.host not in hosts:
        allowed = ", ".join(sorted(hosts)) or _("the shop, whose address is not set yet")
        text = _("Enter the full URL of a page on %(hosts)s.") % {"hosts": allowed}
        raise ValidationError({"target": text})
    if len(address.text) > addresses.MAX_LENGTH:
        raise ValidationError({"target": _("This URL is too long.")})
    return address.text


def _check_period(active_from: datetime, active_until: datetime | None) -> None:
    if active_until is not None and active_until <= active_from:
        raise ValidationError({"active_until": _("Enter a time after the start.")})


def _describe_values(values: dict[str, Any]) -> dict[str, str]:
    return {
        name: ", ".join(value) if isinstance(value, list) else str(value if value is not None else "")
        for name, value in values.items()
    }
