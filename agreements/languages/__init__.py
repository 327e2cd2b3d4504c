"""The languages in which an agreement can be written or offered, with their fixed wording (specification 2).

The wording is code rather than a gettext catalog, because rendering a published version must still produce the same
SHA-256 in ten years. To add a language, add a module like english.py and name it in KNOWN. Never change the wording
that a version was published with.
"""

from agreements.languages.english import ENGLISH
from agreements.languages.german import GERMAN
from agreements.languages.wording import Wording

__all__ = ["DEFAULT", "ENGLISH", "GERMAN", "KNOWN", "Wording", "get_language_name"]

KNOWN: dict[str, Wording] = {wording.code: wording for wording in (ENGLISH, GERMAN)}
DEFAULT = ENGLISH.code
"""The default governing language."""


def get_language_name(code: str) -> str:
    """Return the language's own name for itself, or `code` if it is unknown."""
    return KNOWN[code].name if code in KNOWN else code
