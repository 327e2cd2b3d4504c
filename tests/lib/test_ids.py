"""Identifiers (lib.ids)."""

from lib.ids import uuid7


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
