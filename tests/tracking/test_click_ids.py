"""A click id ..."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from tracking.clicks import click_ids

AT = datetime(2026, 3, 29, 1, 59, 59, 999_000, tzinfo=UTC)
LINK = UUID("0190aaaa-0000-7000-8000-000000000001")


def test_says_the_link_the_millisecond_and_a_nonce_of_its_own() -> None:
    receipt = click_ids.verify_click_id(click_ids.sign_click_id(LINK, AT))
    assert receipt is not None
    assert (receipt.link_id, receipt.at) == (LINK, AT)
    assert receipt.nonce != getattr(click_ids.verify_click_id(click_ids.sign_click_id(LINK, AT)), "nonce", None)


def test_keeps_the_nonce_that_it_is_given() -> None:
    nonce = uuid4()
    assert click_ids.verify_click_id(click_ids.sign_click_id(LINK, AT, nonce)) == (LINK, AT, nonce)


def test_needs_no_escaping_and_at_most_100_characters() -> None:
    text = click_ids.sign_click_id(LINK, AT)
    assert len(text) == 76
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_with_any_one_bit_changed_is_not_genuine() -> None:
    signed = base64.urlsafe_b64decode(click_ids.sign_click_id(LINK, AT))
    for bit in range(len(signed) * 8):
        changed = bytearray(signed)
        changed[bit // 8] ^= 1 << bit % 8
        assert click_ids.verify_click_id(base64.urlsafe_b64encode(changed).decode()) is None, bit


def test_with_any_one_character_changed_is_not_genuine() -> None:
    text = click_ids.sign_click_id(LINK, AT)
    for place, character in enumerate(text):
        assert click_ids.verify_click_id(text[:place] + ("A" if character != "A" else "B") + text[place + 1 :]) is None


def test_of_another_installation_is_not_genuine(settings: Settings) -> None:
    settings.CLICK_ID_KEYS = ["another"]
    foreign = click_ids.sign_click_id(LINK, AT)
    settings.CLICK_ID_KEYS = ["ours", "ours before"]
    assert click_ids.verify_click_id(foreign) is None


def test_is_still_genuine_after_its_key_was_rotated_and_no_longer_after_it_was_dropped(
    settings: Settings,
) -> None:
    settings.CLICK_ID_KEYS = ["old"]
    text = click_ids.sign_click_id(LINK, AT)
    settings.CLICK_ID_KEYS = ["new", "old"]
    assert click_ids.verify_click_id(text) is not None
    settings.CLICK_ID_KEYS = ["new"]
    assert click_ids.verify_click_id(text) is None


def test_of_another_version_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click_ids, "_VERSION", 2)
    text = click_ids.sign_click_id(LINK, AT)
    monkeypatch.setattr(click_ids, "_VERSION", 1)
    assert click_ids.verify_click_id(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "x", "A" * 75, "A" * 76, "A" * 77, "A" * 100_000, "é" * 76, "\ud800" * 76, "٣" * 76, "\x00" * 76),
        *(None, 7, b"A" * 76, ["A" * 76], "=" * 76, "+" * 76, "A" * 75 + "\n"),
    ],
)
def test_is_nothing_else(text: object) -> None:
    assert click_ids.verify_click_id(text) is None


def test_with_anything_around_it_is_not_genuine() -> None:
    text = click_ids.sign_click_id(LINK, AT)
    for other in (text + "\n", " " + text, text + "=", text + "A", text[:-1], text.lower(), text + "\x00"):
        assert click_ids.verify_click_id(other) is None
