"""The time zones that people may choose: IANA area names such as Europe/Berlin, and UTC.

The database of time zones also has files that are no areas: the machine's own `localtime`, `Factory`, abbreviations
such as EST, and single countries such as Cuba.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

AREAS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"),
    "Etc",
)


@lru_cache(maxsize=1)
def list_time_zones() -> tuple[str, ...]:
    """Return the names of all time zones that may be chosen, in alphabetical order."""
    names = (name for name in available_timezones() if name.partition("/")[0] in AREAS and "/" in name)
    return tuple(sorted({*names, "UTC"}))


def is_time_zone(name: str) -> bool:
    """Return whether `name` may be chosen and can be loaded."""
    return name in list_time_zones() and bool(ZoneInfo(name))
