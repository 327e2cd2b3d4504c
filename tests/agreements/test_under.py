"""The version that an affiliate is under at an instant ..."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from agreements.under import NOTHING, Under, Version, under_at

V1, V2, V3, V4 = (UUID(int=number) for number in (1, 2, 3, 4))


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


# Version 2 is a benefit, 3 a detriment, 4 a benefit.
VERSIONS = [
    Version(V1, day(1), False),
    Version(V2, day(10), False),
    Version(V3, day(20), True),
    Version(V4, day(25), False),
]


@pytest.mark.parametrize(
    ("accepted", "moment", "under"),
    [
        ({}, 5, NOTHING),
        ({V1: 2}, 1, NOTHING),
        ({V1: 2}, 2, Under(V1, None)),
        ({V1: 2}, 9, Under(V1, None)),
        ({V1: 2}, 10, Under(V2, None)),
        ({V1: 2}, 19, Under(V2, None)),
        ({V1: 2}, 20, Under(V2, day(20))),
        ({V1: 2}, 25, Under(V2, day(20))),
        ({V1: 2, V3: 15}, 19, Under(V2, None)),
        ({V1: 2, V3: 15}, 20, Under(V3, None)),
        ({V1: 2, V3: 15}, 25, Under(V4, None)),
        ({V1: 2, V3: 22}, 21, Under(V2, day(20))),
        ({V1: 2, V3: 22}, 22, Under(V3, None)),
        ({V1: 2, V4: 26}, 25, Under(V2, day(20))),
        ({V1: 2, V4: 26}, 26, Under(V4, None)),
        ({V2: 11}, 10, NOTHING),
        ({V2: 11}, 11, Under(V2, None)),
        ({V3: 5}, 19, NOTHING),
        ({V3: 5}, 20, Under(V3, None)),
    ],
)
def test_is_the_newest_accepted_or_one_that_follows_it_without_detriment(accepted, moment, under):
    assert under_at(VERSIONS, {v: day(at) for v, at in accepted.items()}, day(moment)) == under


def test_includes_the_very_instant_of_effect_and_of_acceptance():
    assert under_at(VERSIONS[:1], {V1: day(1)}, day(1)) == Under(V1, None)
