"""Identifiers (lib.ids)."""

import pytest

from lib.ids import CountedIdConverter, uuid7


def test_uuid7_has_version_and_variant() -> None:
    identifier = uuid7()
    assert identifier.version == 7
    assert identifier.variant == "specified in RFC 4122"


def test_uuid7_sorts_by_creation() -> None:
    identifiers = [uuid7() for _ in range(5000)]
    assert identifiers == sorted(identifiers)
    assert len(set(identifiers)) == len(identifiers)


def test_uuid7_has_62_random_bits() -> None:
    random_parts = {identifier.int & (1 << 62) - 1 for identifier in (uuid7() for _ in range(1000))}
    assert len(random_parts) == 1000


@pytest.mark.parametrize("number", [0, 1, 77, 2**63 - 1])
def test_counted_id_is_hidden_in_addresses(number: int) -> None:
    text = CountedIdConverter().to_url(number)
    assert len(text) == 32
    assert CountedIdConverter().to_python(text) == number


def test_made_up_text_is_no_counted_id() -> None:
    with pytest.raises(ValueError, match="0123"):
        CountedIdConverter().to_python("0123456789abcdef" * 2)
