"""Destination URLs of tracking links: parsing and permitted hosts."""

import pytest

from tests.tracking.destination_urls import ALLOWED, HOSTS, REJECTED
from tracking.links.addresses import (
    add_query,
    parse_address,
    parse_pasted_address,
    parse_permitted_address,
    remove_parameter,
)


@pytest.mark.parametrize("text", ALLOWED)
def test_url_on_permitted_host_is_accepted(text: str) -> None:
    address = parse_permitted_address(text, HOSTS)
    assert address is not None
    assert address.text == text


@pytest.mark.parametrize("text", REJECTED, ids=ascii)
def test_other_url_is_rejected(text: str) -> None:
    assert parse_permitted_address(text, HOSTS) is None


def test_at_least_200_rejected_urls_are_tested() -> None:
    assert len(set(REJECTED)) >= 200


def test_non_ascii_letters_are_escaped() -> None:
    address = parse_address("https://shop.example/für/日本?q=é#ñ%20")
    assert address is not None
    assert address.text == "https://shop.example/f%C3%BCr/%E6%97%A5%E6%9C%AC?q=%C3%A9#%C3%B1%20"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://s.example", "https://s.example?click_id=X"),
        ("https://s.example/", "https://s.example/?click_id=X"),
        ("https://s.example/p?a=1", "https://s.example/p?a=1&click_id=X"),
        ("https://s.example/p?a=1&", "https://s.example/p?a=1&click_id=X"),
        ("https://s.example/p?", "https://s.example/p?click_id=X"),
        ("https://s.example/p#f", "https://s.example/p?click_id=X#f"),
        ("https://s.example/p?a=%20+%26&a=2#f?g=1&h", "https://s.example/p?a=%20+%26&a=2&click_id=X#f?g=1&h"),
        ("https://s.example/#/route?x=1", "https://s.example/?click_id=X#/route?x=1"),
        ("https://s.example/p?a=1&&b", "https://s.example/p?a=1&&b&click_id=X"),
    ],
)
def test_add_query_keeps_query_and_fragment(address: str, expected: str) -> None:
    assert add_query(address, "click_id=X") == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://s.example/?click_id=1", "https://s.example/"),
        ("https://s.example/?a=1&CLICK_ID&b=%20+", "https://s.example/?a=1&b=%20+"),
        ("https://s.example/?click%5Fid=1&click_id=2#f", "https://s.example/#f"),
        ("https://s.example/?a=click_id", "https://s.example/?a=click_id"),
        ("https://s.example/#?click_id=1", "https://s.example/#?click_id=1"),
        ("https://s.example/click_id=1", "https://s.example/click_id=1"),
        ("https://s.example/?", "https://s.example/?"),
        ("https://s.example/?a&&b", "https://s.example/?a&&b"),
    ],
)
def test_click_id_is_removed_in_any_spelling(address: str, expected: str) -> None:
    assert remove_parameter(address, "click_id") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" https://s.example/ ", "https://s.example/"),
        ("\nhttps://s.example/a b?c=d\te", "https://s.example/a%20b?c=d%09e"),
        ("https://s.example/\u00a0\u3000x", "https://s.example/%C2%A0%E3%80%80x"),
        ('https://s.example/"<>', "https://s.example/%22%3C%3E"),
        ("\ufeffhttps://s.example/x\u200b", "https://s.example/x"),
        ("\u200e https://s.example/x \u200f", "https://s.example/x"),
        ("https://s.example/گل\u200cها", "https://s.example/%DA%AF%D9%84%E2%80%8C%D9%87%D8%A7"),
        ("https://s.example/👩\u200d🌾?q=a\u00adb", "https://s.example/%F0%9F%91%A9%E2%80%8D%F0%9F%8C%BE?q=a%C2%ADb"),
    ],
)
def test_white_space_and_invisible_characters_of_a_pasted_address_are_encoded(text: str, expected: str) -> None:
    address = parse_pasted_address(text)
    assert address is not None
    assert address.text == expected


@pytest.mark.parametrize(
    "text",
    [
        *("https://s.exam ple/", "https:// s.example/", "ht tps://s.example/", "https://s.example /"),
        *(
            "https://s.exam\u200bple/",
            "https://\u200bs.example/",
            "https://s.example\u00ad/",
            "https://s.example:8\u20600/",
        ),
        *("https://s.example/\x00", "https://s.example/\x1b[0m", "https://s.example/\ue000"),
    ],
    ids=ascii,
)
def test_pasted_address_with_a_broken_host_or_control_characters_is_rejected(text: str) -> None:
    assert parse_pasted_address(text) is None
