"""Which of a version's languages a reader gets: the one that they ask for, by an address that anybody can share."""

from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import get_language

from agreements import languages, translations
from agreements.models import Agreement


class Choice(NamedTuple):
    code: str
    name: str
    chosen: bool


def for_page(request: HttpRequest, agreement: Agreement) -> str:
    """What `?language=` or the form asks for, else the language of the interface; the governing one where it is not offered."""
    of_interface = (get_language() or "").split("-")[0]
    return _offered(agreement, request.POST.get("language") or request.GET.get("language") or of_interface)


def for_file(request: HttpRequest, agreement: Agreement) -> str:
    """What `?language=` asks for, else the governing language: the same for whoever fetches the address."""
    return _offered(agreement, request.GET.get("language", ""))


def _offered(agreement: Agreement, wanted: str) -> str:
    return wanted if wanted in translations.offered(agreement) else agreement.language


def choices(agreement: Agreement, chosen: str) -> list[Choice]:
    """The languages of a version as its pages offer them, the governing one first; none where there is only that."""
    codes = translations.offered(agreement)
    return [Choice(code, languages.name(code), code == chosen) for code in codes] if len(codes) > 1 else []


def context(agreement: Agreement, chosen: str) -> dict[str, object]:
    """What `agreements/languages.html` shows."""
    return {
        "chosen_language": chosen,
        "languages": choices(agreement, chosen),
        "governing_language": agreement.language,
    }
