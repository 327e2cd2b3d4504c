"""An identifier ..."""

from lib.ids import uuid7


def test_is_a_uuid_of_version_7() -> None:
    made = uuid7()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_comes_after_those_made_before_it() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_cannot_be_guessed_from_the_one_before() -> None:
    random_parts = {made.int & (1 << 62) - 1 for made in (uuid7() for _ in range(1000))}
    assert len(random_parts) == 1000
