"""Which of a version's languages a reader gets: the one that they ask for, by an address that anybody can share."""

from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import get_language

from agreements import languages, translations
from agreements.models import AgreementVersion


class Choice(NamedTuple):
    code: str
    name: str
    chosen: bool


def resolve_page_language(request: HttpRequest, agreement: AgreementVersion) -> str:
    """What `?language=` or the form asks for, else the language of the interface; the governing one where it is not offered."""
    of_interface = (get_language() or "").split("-")[0]
    return _select_language(agreement, request.POST.get("language") or request.GET.get("language") or of_interface)


def resolve_file_language(request: HttpRequest, agreement: AgreementVersion) -> str:
    """What `?language=` asks for, else the governing language: the same for whoever fetches the address."""
    return _select_language(agreement, request.GET.get("language", ""))


def _select_language(agreement: AgreementVersion, wanted: str) -> str:
    return wanted if wanted in translations.list_languages(agreement) else agreement.language


def list_choices(agreement: AgreementVersion, chosen: str) -> list[Choice]:
    """The languages of a version as its pages offer them, the governing one first; none where there is only that."""
    codes = translations.list_languages(agreement)
    return [Choice(code, languages.get_language_name(code), code == chosen) for code in codes] if len(codes) > 1 else []


def build_context(agreement: AgreementVersion, chosen: str) -> dict[str, object]:
    """What `agreements/languages.html` shows."""
    return {
        "chosen_language": chosen,
        "languages": list_choices(agreement, chosen),
        "governing_language": agreement.language,
    }
