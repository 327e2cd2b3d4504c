"""The languages of the interface: English and every language with a compiled message catalog."""

from pathlib import Path

from django.conf.locale import LANG_INFO
from django.utils.translation import to_language

ENGLISH = ("en", "English")


def list_languages(locale: Path) -> list[tuple[str, str]]:
    """Return code and native name of English and of each language with a compiled catalog under `locale`."""
    found = {to_language(path.parent.parent.name) for path in locale.glob("*/LC_MESSAGES/django.mo")}
    return [ENGLISH, *((code, _get_language_name(code)) for code in sorted(found - {ENGLISH[0]}))]


def _get_language_name(code: str) -> str:
    """Return the native name of a language, or its code if Django does not know it."""
    return str(LANG_INFO.get(code, {}).get("name_local", code))
