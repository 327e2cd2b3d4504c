"""Transliteration of names to the characters that every SEPA bank accepts (EPC217-08)."""

import re
import unicodedata

from anyascii import anyascii

ALLOWED_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
# Where passports write a letter otherwise than the library. Vowels of Greek pairs are matched without accents.
_SOFT_AND_HARD_SIGNS = re.compile("[ьъЬЪ]")
_GREEK_PAIRS = (
    (re.compile("([οΟ])υ"), r"\1u"),
    (re.compile("ΟΥ"), "OU"),
    (re.compile("([αεηΑΕΗ])[υΥ](?=[αεηιουωβγδζλμνρΑΕΗΙΟΥΩΒΓΔΖΛΜΝΡ])"), r"\1v"),
    (re.compile("([αεηΑΕΗ])[υΥ]"), r"\1f"),
    (re.compile(r"\b(?:Μπ|ΜΠ)"), "B"),
    (re.compile(r"\bμπ"), "b"),
    (re.compile("γ(?=[γξχ])"), "n"),
)
# Written without spaces, one syllable or word a character.
_SYLLABLES = re.compile("([\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])")
_EMOJI_NAME = re.compile(r":[a-z0-9_+-]+:")


def transliterate(text: str, max_length: int) -> str:
    """Return `text` in the characters that every bank accepts, at most `max_length` of them; "" if none is left."""
    words = " ".join(_transliterate_word(word) for word in _separate(text).split())
    kept = "".join(character if character in ALLOWED_CHARACTERS else " " for character in words)
    # Banks refuse two slashes in a row, and one at either end.
    kept = re.sub("/{2,}", "/", " ".join(kept.split()))
    return kept[:max_length].strip(" /")


def is_writable(name: str, max_length: int = 70) -> bool:
    """Return whether a letter or digit is left of `name` once it is transliterated."""
    return any(character.isalnum() for character in transliterate(name, max_length))


def _separate(text: str) -> str:
    """Return `text` composed, with control characters as spaces, and with spaces around syllables of East Asia."""
    plain = "".join(" " if unicodedata.category(c) == "Cc" else c for c in unicodedata.normalize("NFKC", text))
    return _SYLLABLES.sub(r" \1 ", plain)


def _transliterate_word(word: str) -> str:
    written = "".join(_transliterate_character(c) for c in _write_greek_pairs(_SOFT_AND_HARD_SIGNS.sub("", word)))
    if word.isupper() and len(word) > 1:
        return written.upper()
    # Scripts without capitals give small letters only.
    has_case = any(character.isupper() or character.islower() for character in word)
    return (written if has_case else written[:1].upper() + written[1:]).replace("`", "'")


def _transliterate_character(character: str) -> str:
    written: str = anyascii(character)
    return "" if _EMOJI_NAME.fullmatch(written) else written


def _write_greek_pairs(word: str) -> str:
    if not re.search("[\u0370-\u03ff\u1f00-\u1fff]", word):
        return word
    # A diaeresis separates two vowels, an accent does not.
    bare = unicodedata.normalize("NFC", re.sub("[\u0300\u0301\u0342]", "", unicodedata.normalize("NFD", word)))
    for pair, written in _GREEK_PAIRS:
        bare = pair.sub(written, bare)
    return bare
