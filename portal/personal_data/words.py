"""The words that identify an affiliate, and their replacement in rows that are about others, too (specification 9)."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from django.apps import apps
from django.db import models

from affiliates.models import Affiliate, Channel
from payouts.models import PayoutDetails
from payouts.payout_details.details import get_account
from portal.personal_data.fields import ERASED_TEXT, FIELDS, Handling, list_fields
from portal.personal_data.owned_rows import list_addresses
from tracking.models import Coupon, LinkName

# A shorter word would be found in too many texts that are not about the affiliate.
MIN_LENGTH = 3


def collect_words(affiliate: Affiliate) -> list[str]:
    """Return names, addresses, accounts and codes of the affiliate that no other affiliate has, the longest first."""
    words = {affiliate.name, affiliate.user.name, *list_addresses(affiliate), *_list_own_sites(affiliate)}
    for details in PayoutDetails.objects.filter(affiliate=affiliate):
        words |= {details.holder, details.masked, get_account(details).account if details.encrypted else ""}
    words = {word for word in words if len(word) >= MIN_LENGTH and not _is_name_of_another(word, affiliate)}
    words |= {code for code in _list_own_codes(affiliate) if len(code) >= MIN_LENGTH}
    words |= set(_list_link_names(affiliate))
    return sorted(words, key=lambda word: (-len(word), word))


def _is_name_of_another(word: str, affiliate: Affiliate) -> bool:
    return Affiliate.objects.filter(name__iexact=word).exclude(pk=affiliate.pk).exists()


def _list_own_codes(affiliate: Affiliate) -> Iterator[str]:
    """Yield the coupon codes that were never assigned to another affiliate."""
    for code in Coupon.objects.for_affiliate(affiliate).values_list("code", flat=True):
        if not Coupon.objects.filter(code__iexact=code).exclude(affiliate=affiliate).exists():
            yield code


def _list_link_names(affiliate: Affiliate) -> Iterator[str]:
    """Yield the names of the links as addresses have them, and alone those that are no word of a language."""
    for name in LinkName.objects.filter(link__affiliate=affiliate).values_list("name", flat=True):
        yield f"r/{name}"
        if not name.isalpha():
            yield name


def _list_own_sites(affiliate: Affiliate) -> Iterator[str]:
    """Yield the channels' addresses, and the hosts on which no other affiliate has a channel."""
    for channel in Channel.objects.for_affiliate(affiliate):
        parts = urlsplit(channel.address)
        host = (parts.hostname or "").removeprefix("www.")
        if parts.path.strip("/"):
            yield f"{host}{parts.path}".rstrip("/")
        others = Channel.objects.exclude(affiliate=affiliate)
        is_own_site = channel.kind in (Channel.Kind.WEBSITE, Channel.Kind.BLOG)
        if host and is_own_site and not others.filter(address__icontains=host).exists():
            yield host


class Scrubber:
    """Replaces an affiliate's words by `ERASED_TEXT`, in any letter case and as JSON, HTML and URLs write them."""

    def __init__(self, words: Iterable[str]) -> None:
        spellings = {spelling for word in words for spelling in _list_spellings(word)}
        ordered = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.IGNORECASE)
        self._sql_pattern = "|".join(map(re.escape, ordered))
        self._is_empty = not ordered

    def finds(self, text: str) -> bool:
        """Return whether `text` has one of the words."""
        return not self._is_empty and self._pattern.search(text) is not None

    def scrub(self, value: Any) -> Any:
        """Return text, or JSON with its keys, without the words."""
        if isinstance(value, str):
            return self._pattern.sub(ERASED_TEXT, value)
        if isinstance(value, dict):
            return {self.scrub(key): self.scrub(each) for key, each in value.items()}
        return [self.scrub(each) for each in value] if isinstance(value, list) else value

    def scrub_rows(self) -> None:
        """Replace the words in every field that is `SCRUBBED`. The caller allows redaction of append-only rows."""
        for label in [] if self._is_empty else FIELDS:
            if fields := list_fields(label, Handling.SCRUBBED):
                self._scrub_model(apps.get_model(label), fields)

    def _scrub_model(self, model: type[models.Model], fields: list[str]) -> None:
        matches = models.Q()
        for field in fields:
            matches |= models.Q(**{f"{field}__iregex": self._sql_pattern})
        rows = model._base_manager.filter(matches)
        for row in rows.only("pk", *fields).iterator(chunk_size=500):
            before = {field: getattr(row, field) for field in fields}
            after = {field: self.scrub(value) for field, value in before.items()}
            if after != before:
                model._base_manager.filter(pk=row.pk).update(**after)


def _list_spellings(word: str) -> set[str]:
    return {word, json.dumps(word)[1:-1], html.escape(word), quote(word), quote(word, safe="")}
