"""The search for affiliates by code, e-mail address or name, each of them answered from an index."""

from collections.abc import Iterator
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from lib.text import clean_code, clean_email

MAX_FOUND = 20
# Longer than any code, name or address.
MAX_LENGTH = 200
# The dictionary of the index `affiliate_name_words`.
DICTIONARY = "simple"


def search_affiliates(text: str, *, limit: int = MAX_FOUND) -> list[Affiliate]:
    """Return affiliates whose code, e-mail address or words of the name begin with `text`, at most `limit` of them.

    Those found by their code come first, then by their address, then by their name.
    """
    text = clean_code(text)
    if not text or "\0" in text or len(text) > MAX_LENGTH:
        return []
    found: dict[UUID, Affiliate] = {}
    for rows in _list_searches(text):
        if len(found) < limit:
            found |= {one.pk: one for one in rows.exclude(pk__in=list(found))[: limit - len(found)]}
    return list(found.values())


def list_affiliate_ids(text: str, *, limit: int) -> list[UUID]:
    """Return the ids of affiliates that `search_affiliates` finds, at most `limit`, in one query."""
    text = clean_code(text)
    if not text or "\0" in text or len(text) > MAX_LENGTH:
        return []
    first, *others = (rows.order_by().values_list("pk", flat=True)[:limit] for rows in _list_searches(text))
    return list(first.union(*others)[:limit])


def find_affiliate(text: str) -> Affiliate:
    """Return the affiliate with this code or e-mail address, or the only one that a search finds.

    Raises ValidationError if there is none, and with the candidates if there are several.
    """
    code = clean_code(text)
    if "\0" not in code and len(code) <= MAX_LENGTH:
        affiliates = Affiliate.objects.select_related("user")
        exact = affiliates.filter(code=code).first() or affiliates.filter(user__email=clean_email(text)).first()
        if exact is not None:
            return exact
    found = search_affiliates(text)
    # A code in other letters, such as anna7, is meant even if longer ones begin with it.
    same_code = [one for one in found if one.code.lower() == code.lower()]
    candidates = same_code or found
    if not candidates:
        raise ValidationError(_("No affiliate has this code, name or e-mail address."))
    if len(candidates) > 1:
        raise ValidationError(
            _("Several affiliates match. Enter the code of one of them: %(candidates)s")
            % {"candidates": "; ".join(map(describe_affiliate, candidates))}
        )
    return candidates[0]


def describe_affiliate(affiliate: Affiliate) -> str:
    """Return name, code, e-mail address and state, by which staff tell affiliates apart."""
    return f"{affiliate}, {affiliate.email}, {affiliate.state_text}"


def _list_searches(text: str) -> Iterator[QuerySet[Affiliate]]:
    affiliates = Affiliate.objects.select_related("user")
    yield affiliates.filter(code__istartswith=text).order_by("code")
    yield affiliates.filter(user__email__startswith=clean_email(text)).order_by("user__email")
    words = SearchQuery(_build_word_query(text), search_type="raw", config=DICTIONARY)
    yield affiliates.alias(words=SearchVector("name", config=DICTIONARY)).filter(words=words).order_by("name", "pk")


def _build_word_query(text: str) -> str:
    """Return a query of PostgreSQL for names with words that begin with those of `text`."""
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in text.split())
    return " & ".join(f"'{word}':*" for word in quoted)
