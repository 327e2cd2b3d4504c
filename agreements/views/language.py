"""Choose the language in which to show a version; the choice is part of the URL, so that it can be shared."""

from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import get_language

from agreements import languages, translations
from agreements.models import AgreementVersion


class Choice(NamedTuple):
    code: str
    name: str
    chosen: bool


def resolve_page_language(request: HttpRequest, version: AgreementVersion) -> str:
    """Return the language of the form or `?language=`, or else of the interface, or else the governing one."""
    interface_language = (get_language() or "").split("-")[0]
    requested = request.POST.get("language") or request.GET.get("language")
    return _select_language(version, requested or interface_language)


def resolve_file_language(request: HttpRequest, version: AgreementVersion) -> str:
    """Return the language of `?language=`, or else the governing one, so that a URL always gives the same file."""
    return _select_language(version, request.GET.get("language", ""))


def _select_language(version: AgreementVersion, requested: str) -> str:
    return requested if requested in translations.list_languages(version) else version.language


def list_choices(version: AgreementVersion, chosen: str) -> list[Choice]:
    """Return the languages of a version to choose from, the governing one first; empty if there is only one."""
    codes = translations.list_languages(version)
    return [Choice(code, languages.get_language_name(code), code == chosen) for code in codes] if len(codes) > 1 else []


def build_context(version: AgreementVersion, chosen: str) -> dict[str, object]:
    """Return the context of `agreements/languages.html`."""
    return {
        "chosen_language": chosen,
        "languages": list_choices(version, chosen),
        "governing_language": version.language,
    }
