"""The languages of the interface: English, in which all of its words are written, and each that has a catalogue."""

from pathlib import Path

from django.conf.locale import LANG_INFO
from django.utils.translation import to_language

ENGLISH = ("en", "English")


def list_languages(locale: Path) -> list[tuple[str, str]]:
    """Code and own name of English and of each language whose catalogue is compiled under `locale`."""
    found = {to_language(path.parent.parent.name) for path in locale.glob("*/LC_MESSAGES/django.mo")}
    return [ENGLISH, *((code, _get_language_name(code)) for code in sorted(found - {ENGLISH[0]}))]


def _get_language_name(code: str) -> str:
    """The name of a language in its own words; its code where Django does not know it."""
    return str(LANG_INFO.get(code, {}).get("name_local", code))
