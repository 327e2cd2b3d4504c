"""The languages in which an agreement can be written or offered: those whose fixed words are here (CONTRACT 2).

They are tables of this code and no gettext catalogue, because the SHA-256 of a published text must come out of its rows
again in ten years, whatever became of the catalogues and whoever reads. Another language is another module beside
english.py, named in KNOWN; a table that a version was published with is never changed.
"""

from agreements.languages.english import ENGLISH
from agreements.languages.german import GERMAN
from agreements.languages.wording import Wording

__all__ = ["DEFAULT", "ENGLISH", "GERMAN", "KNOWN", "Wording", "get_language_name"]

KNOWN: dict[str, Wording] = {wording.code: wording for wording in (ENGLISH, GERMAN)}
DEFAULT = ENGLISH.code
"""The language that a version is written in unless staff say otherwise."""


def get_language_name(code: str) -> str:
    """A language's name in its own words, as a reader who looks for it knows it; the code of one that is not known."""
    return KNOWN[code].name if code in KNOWN else code
