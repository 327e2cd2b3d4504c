"""Click ids: signing and verification."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from tracking.clicks import click_ids

AT = datetime(2026, 3, 29, 1, 59, 59, 999_000, tzinfo=UTC)
LINK = UUID("0190aaaa-0000-7000-8000-000000000001")


def test_click_id_contains_link_millisecond_and_unique_nonce() -> None:
    token = click_ids.verify_click_id(click_ids.sign_click_id(LINK, AT))
    assert token is not None
    assert (token.link_id, token.at) == (LINK, AT)
    assert token.nonce != getattr(click_ids.verify_click_id(click_ids.sign_click_id(LINK, AT)), "nonce", None)


def test_click_id_contains_given_nonce() -> None:
    nonce = uuid4()
    assert click_ids.verify_click_id(click_ids.sign_click_id(LINK, AT, nonce)) == (LINK, AT, nonce)


def test_click_id_is_76_url_safe_characters() -> None:
    text = click_ids.sign_click_id(LINK, AT)
    assert len(text) == 76
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_click_id_with_changed_bit_is_not_genuine() -> None:
    signed = base64.urlsafe_b64decode(click_ids.sign_click_id(LINK, AT))
    for bit in range(len(signed) * 8):
        changed = bytearray(signed)
        changed[bit // 8] ^= 1 << bit % 8
        assert click_ids.verify_click_id(base64.urlsafe_b64encode(changed).decode()) is None, bit


def test_click_id_with_changed_character_is_not_genuine() -> None:
    text = click_ids.sign_click_id(LINK, AT)
    for index, character in enumerate(text):
        assert click_ids.verify_click_id(text[:index] + ("A" if character != "A" else "B") + text[index + 1 :]) is None


def test_click_id_of_other_installation_is_not_genuine(settings: Settings) -> None:
    settings.CLICK_ID_KEYS = ["another"]
    foreign = click_ids.sign_click_id(LINK, AT)
    settings.CLICK_ID_KEYS = ["ours", "our previous key"]
    assert click_ids.verify_click_id(foreign) is None


def test_click_id_stays_genuine_until_its_key_is_removed(settings: Settings) -> None:
    settings.CLICK_ID_KEYS = ["old"]
    text = click_ids.sign_click_id(LINK, AT)
    settings.CLICK_ID_KEYS = ["new", "old"]
    assert click_ids.verify_click_id(text) is not None
    settings.CLICK_ID_KEYS = ["new"]
    assert click_ids.verify_click_id(text) is None


def test_click_id_of_other_format_version_is_not_genuine(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_other_value_is_not_genuine(text: object) -> None:
    assert click_ids.verify_click_id(text) is None


def test_click_id_with_extra_or_missing_characters_is_not_genuine() -> None:
    text = click_ids.sign_click_id(LINK, AT)
    for other in (text + "\n", " " + text, text + "=", text + "A", text[:-1], text.lower(), text + "\x00"):
        assert click_ids.verify_click_id(other) is None
