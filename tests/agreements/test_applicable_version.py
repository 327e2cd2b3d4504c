"""The version that applies to an affiliate at an instant, computed from versions and acceptances."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from agreements.applicable_version import NO_VERSION, ApplicableVersion, PublishedVersion, resolve_applicable_version

V1, V2, V3, V4 = (UUID(int=number) for number in (1, 2, 3, 4))


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


# Version 2 is a benefit, 3 a detriment, 4 a benefit.
VERSIONS = [
    PublishedVersion(V1, day(1), False),
    PublishedVersion(V2, day(10), False),
    PublishedVersion(V3, day(20), True),
    PublishedVersion(V4, day(25), False),
]


@pytest.mark.parametrize(
    ("accepted", "at", "expected"),
    [
        ({}, 5, NO_VERSION),
        ({V1: 2}, 1, NO_VERSION),
        ({V1: 2}, 2, ApplicableVersion(V1, None)),
        ({V1: 2}, 9, ApplicableVersion(V1, None)),
        ({V1: 2}, 10, ApplicableVersion(V2, None)),
        ({V1: 2}, 19, ApplicableVersion(V2, None)),
        ({V1: 2}, 20, ApplicableVersion(V2, day(20))),
        ({V1: 2}, 25, ApplicableVersion(V2, day(20))),
        ({V1: 2, V3: 15}, 19, ApplicableVersion(V2, None)),
        ({V1: 2, V3: 15}, 20, ApplicableVersion(V3, None)),
        ({V1: 2, V3: 15}, 25, ApplicableVersion(V4, None)),
        ({V1: 2, V3: 22}, 21, ApplicableVersion(V2, day(20))),
        ({V1: 2, V3: 22}, 22, ApplicableVersion(V3, None)),
        ({V1: 2, V4: 26}, 25, ApplicableVersion(V2, day(20))),
        ({V1: 2, V4: 26}, 26, ApplicableVersion(V4, None)),
        ({V2: 11}, 10, NO_VERSION),
        ({V2: 11}, 11, ApplicableVersion(V2, None)),
        ({V3: 5}, 19, NO_VERSION),
        ({V3: 5}, 20, ApplicableVersion(V3, None)),
    ],
)
def test_applicable_version_is_newest_accepted_or_its_successor_without_detriment(accepted, at, expected):
    acceptances = {version: day(number) for version, number in accepted.items()}
    assert resolve_applicable_version(VERSIONS, acceptances, day(at)) == expected


def test_version_applies_from_the_instant_of_effect_and_acceptance():
    assert resolve_applicable_version(VERSIONS[:1], {V1: day(1)}, day(1)) == ApplicableVersion(V1, None)
