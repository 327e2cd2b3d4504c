"""Cleaning of texts that people and shops copy: white space, characters without a shape, and the comparison of codes.

Coupon codes, click ids, categories, e-mail addresses and names are all read through this module.
"""

import unicodedata

# Characters without a shape that Unicode does not count as format characters (Cf): the combining grapheme joiner,
# fillers, variation selectors and the blank of Braille.
_SHAPELESS = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, *range(0xFE00, 0xFE10)))
) | frozenset(map(chr, (0xFFA0, *range(0xE0100, 0xE01F0))))
# Invisible, but part of how names are written in several scripts.
JOINERS = "\u200c\u200d"
_CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
# Private use has no agreed shape. Unassigned characters (Cn) may have one in a newer version of Unicode.
_UNPRINTABLE = ("Cc", "Co", "Cs")
# White space, dashes, and control and format characters.
_SEPARATORS = ("Zs", "Zl", "Zp", "Pd", "Cc", "Cf")


def is_invisible(character: str) -> bool:
    """Return whether the character has no shape: zero width, byte order mark, mark of direction, soft hyphen, ..."""
    return unicodedata.category(character) == "Cf" or character in _SHAPELESS


def remove_invisible(text: str, *, keep: str = "") -> str:
    """Return the text without invisible characters, except for those in `keep`."""
    if text.isascii():
        return text
    return "".join(character for character in text if character in keep or not is_invisible(character))


def clean_code(text: str) -> str:
    """Return a code as it is read: composed (NFC), without white space around it and invisible characters in it.

    Other spaces inside become plain ones, such as the no-break space of "10% OFF". Line breaks and tabs stay.
    """
    stripped = text.strip()
    if stripped.isascii() and stripped.isprintable():
        return stripped
    composed = unicodedata.normalize("NFC", remove_invisible(stripped))
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in composed)
    return spaced.strip(" " + _CONTROLS)


def fold_code(text: str) -> str:
    """Return the key by which codes and categories are compared: cleaned, ignoring case."""
    code = clean_code(text)
    if code.isascii():
        return code.lower()
    # Folding may decompose letters, and compares composed and decomposed ones only if it begins with these.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", code).casefold())


def is_printable_code(code: str) -> bool:
    """Return whether a cleaned code has only characters that can be printed."""
    return code.isprintable() or not any(unicodedata.category(character) in _UNPRINTABLE for character in code)


def clean_name(text: str) -> str:
    """Return the name of a person or thing with single spaces between words and without invisible characters.

    Joiners stay within the name, because several scripts need them.
    """
    return " ".join(remove_invisible(text, keep=JOINERS).split()).strip(JOINERS + " ")


def remove_separators(text: str) -> str:
    """Return the text in its usual letters without white space, dashes, and control and invisible characters.

    Account numbers are copied with all of them.
    """
    plain = unicodedata.normalize("NFKC", remove_invisible(text))
    return "".join(character for character in plain if unicodedata.category(character) not in _SEPARATORS)


def clean_email(text: str) -> str:
    """Return an e-mail address in lower case without white space around it and invisible characters in it."""
    return clean_code(text).lower()


def show_invisible(text: str) -> str:
    """Return `text` with the names of characters that a page would not show, such as [U+200B]."""
    return "".join(
        f"[U+{ord(character):04X}]" if character != " " and (is_invisible(character) or not character.isprintable())
        else character
        for character in text
    )  # fmt: skip
