"""Private notes of staff about affiliates, and the tags by which staff group them (specification 9)."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.models import Affiliate, AffiliateNote, AffiliateTag
from audit import trail
from lib.errors import NotAllowed
from lib.text import clean_name, is_printable_code

MAX_CHARACTERS = 5000
MAX_TAG_LENGTH: int = AffiliateTag._meta.get_field("name").max_length or 0
MAX_TAGS = 20


@transaction.atomic
def add_note(*, affiliate: Affiliate, text: str, now: datetime, by: User) -> AffiliateNote:
    """Add a note that only staff can see. It is never changed.

    Raises ValidationError for `text` that is empty, too long or has a NUL character, and NotAllowed after an erasure.
    """
    _lock_for_staff(affiliate, by)
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ValidationError({"text": _("Enter a note.")})
    if len(text) > MAX_CHARACTERS or "\0" in text:
        raise ValidationError(
            {"text": _("Enter at most %(most)d characters of plain text.") % {"most": MAX_CHARACTERS}}
        )
    note = AffiliateNote.objects.create(affiliate=affiliate, text=text, at=now, by=by)
    trail.record(action="affiliate note", subject=affiliate, now=now, by=by, reason="A private note of staff.")
    return note


def parse_tags(text: str, *, field: str = "names") -> list[str]:
    """Return the tags that are separated by commas in `text`, each once, ignoring case.

    Raises ValidationError for `field`.
    """
    names: dict[str, str] = {}
    for name in filter(None, map(clean_name, text.split(","))):
        names.setdefault(name.casefold(), name)
    for name in names.values():
        if len(name) > MAX_TAG_LENGTH:
            raise ValidationError(
                {field: _("A tag has at most %(most)d characters: %(tag)s") % {"most": MAX_TAG_LENGTH, "tag": name}}
            )
        if not is_printable_code(name):
            raise ValidationError({field: _("A tag has characters that cannot be printed.")})
    if len(names) > MAX_TAGS:
        raise ValidationError({field: _("Enter at most %(most)d tags.") % {"most": MAX_TAGS}})
    return list(names.values())


def add_tags(*, affiliate: Affiliate, names: Iterable[str], reason: str, now: datetime, by: User) -> None:
    """Give the affiliate the tags, besides those that they have."""
    _change_tags(affiliate, {*_list_names(affiliate), *names}, reason, now, by)


def remove_tags(*, affiliate: Affiliate, names: Iterable[str], reason: str, now: datetime, by: User) -> None:
    """Remove the tags from the affiliate, if they have them, ignoring case."""
    removed = {name.casefold() for name in names}
    kept = {name for name in _list_names(affiliate) if name.casefold() not in removed}
    _change_tags(affiliate, kept, reason, now, by)


def set_tags(*, affiliate: Affiliate, names: Iterable[str], reason: str, now: datetime, by: User) -> None:
    """Give the affiliate just these tags."""
    _change_tags(affiliate, set(names), reason, now, by)


def erase_tags(affiliate: Affiliate, *, identifies: Callable[[str], bool]) -> None:
    """Remove all tags of an affiliate who is erased. Those that no one else has go, and all that identify the person.

    `identifies` says whether a text does.
    """
    own = set(affiliate.tags.values_list("pk", flat=True))
    affiliate.tags.clear()
    unused = AffiliateTag.objects.filter(pk__in=own, affiliates=None).values_list("pk", flat=True)
    naming = [tag.pk for tag in AffiliateTag.objects.all() if identifies(tag.name)]
    AffiliateTag.objects.filter(pk__in=[*unused, *naming]).delete()


@transaction.atomic
def _change_tags(affiliate: Affiliate, names: set[str], reason: str, now: datetime, by: User) -> None:
    _lock_for_staff(affiliate, by)
    before = _list_names(affiliate)
    # An existing tag keeps its spelling.
    tags = {
        AffiliateTag.objects.get_or_create(name__iexact=name, defaults={"name": name})[0] for name in sorted(names)
    }  # fmt: skip
    if len(tags) > MAX_TAGS:
        raise ValidationError({"names": _("An affiliate has at most %(most)d tags.") % {"most": MAX_TAGS}})
    affiliate.tags.set(tags)
    after = sorted((tag.name for tag in tags), key=str.casefold)
    if after != before:
        trail.record(
            action="affiliate tagged",
            subject=affiliate,
            now=now,
            by=by,
            before={"tags": ", ".join(before)},
            after={"tags": ", ".join(after)},
            reason=reason,
        )


def _list_names(affiliate: Affiliate) -> list[str]:
    return sorted(affiliate.tags.values_list("name", flat=True), key=str.casefold)


def _lock_for_staff(affiliate: Affiliate, by: User) -> None:
    """Lock the affiliate, so that an erasure is either over or finds what is added.

    Raises NotAllowed if they have been erased, or if they are the person who acts.
    """
    require_uninvolved(by, [affiliate])
    if Affiliate.objects.select_for_update(of=["self"]).get(pk=affiliate.pk).erased_at is not None:
        raise NotAllowed(_("This affiliate's data has been erased."))
