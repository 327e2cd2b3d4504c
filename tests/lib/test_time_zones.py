"""The time zones that people may choose."""

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest

from lib.formatting import format_datetime
from lib.time_zones import is_time_zone, list_time_zones


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "Pacific/Auckland", "Etc/GMT+5"]
)
def test_area_name_is_a_time_zone(name):
    assert is_time_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        *("localtime", "posixrules", "Factory", "SystemV/EST5EDT", "posix/Europe/Berlin", "right/UTC", "leapseconds"),
        *("EST", "CET", "Cuba", "Zulu", "US/Eastern", "utc", "europe/berlin", "Europe/Atlantis", "", "../etc/passwd"),
        *("Europe", "Europe/", "Europe/Berlin ", "Europe/Berlin\0"),
    ],
)
def test_other_name_is_no_time_zone(name):
    assert not is_time_zone(name)


def test_time_zones_are_known_to_python():
    assert set(list_time_zones()) <= available_timezones()
    assert len(list_time_zones()) > 400


def test_zone_without_abbreviation_is_named_by_its_offset_from_utc():
    at = datetime(2026, 12, 30, 5, 53, tzinfo=UTC)
    assert format_datetime(at, "Europe/Paris") == "30 Dec 2026, 06:53 CET"
    assert format_datetime(at, "Africa/Casablanca").endswith(" UTC+01")
