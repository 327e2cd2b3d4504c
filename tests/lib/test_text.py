"""Cleaning of copied texts, and the comparison of codes (specification 4)."""

import pytest

from lib.text import clean_code, clean_email, fold_code, is_printable_code

INVISIBLE = (
    "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\ufeff", "\xad",
    "\u061c", "\u180e", "\u034f", "\u3164", "\u2800", "\ufe0f", "\U000e0001", "\U000e0100",
)  # fmt: skip
BLANKS = (
    " ",
    "\t",
    "\n",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1f",
    "\x85",
    "\xa0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u202f",
    "\u3000",
)


@pytest.mark.parametrize("mark", [*INVISIBLE, *BLANKS, "\x01", "\x7f", "\x9f"], ids=ascii)
def test_white_space_and_invisible_characters_around_a_code_are_trimmed(mark: str) -> None:
    assert clean_code(f"{mark} {mark}ANNA10{mark} {mark}") == "ANNA10"
    assert clean_code(mark) == ""


@pytest.mark.parametrize("mark", INVISIBLE, ids=ascii)
def test_invisible_characters_inside_a_code_are_removed(mark: str) -> None:
    assert clean_code(f"AN{mark}NA10") == "ANNA10"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10% OFF", "10% OFF"),
        ("10%\xa0OFF", "10% OFF"),
        ("10%\u2009OFF", "10% OFF"),
        ("ZOE\u030810", "ZO\xcb10"),
        ("  <b>'x\"\\  ", "<b>'x\"\\"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_code_is_read_as_it_is_printed(text: str, code: str) -> None:
    assert clean_code(text) == code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ANNA10", " anna10\u200b"),
        ("ZO\xcb10", "zo\xeb10"),
        ("ZOE\u030810", "zo\xeb10"),
        ("STRASSE", "stra\xdfe"),
        ("\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2"),
        ("Home-Decor ", "home-decor"),
        ("\u0130x", "i\u0307X"),
    ],
)
def test_codes_are_compared_ignoring_case_and_composition(one: str, other: str) -> None:
    assert fold_code(one) == fold_code(other)
    assert fold_code(fold_code(one)) == fold_code(one)


def test_codes_with_other_letters_differ() -> None:
    assert len({fold_code(code) for code in ("ANNA10", "ANNA1O", "ANN A10", "ÄNNA10", "ANNA-10")}) == 5


@pytest.mark.parametrize("text", ["a\x01b", "a\x7fb", "a\ue000b", "a\x9fb"], ids=ascii)
def test_code_with_control_or_private_characters_is_not_printable(text: str) -> None:
    assert not is_printable_code(clean_code(text))


@pytest.mark.parametrize("text", ["10% OFF", "ZOË10", "夏10", "🎉50", "\U0001fae9"])
def test_code_with_letters_signs_and_pictures_is_printable(text: str) -> None:
    assert is_printable_code(clean_code(text))


def test_email_address_loses_invisible_characters_and_capitals() -> None:
    assert clean_email(" ZW@Example.org\u200b\ufeff ") == "zw@example.org"
