"""What a User-Agent says about a visit: a bot or a person, and the class of device. Remembered for each text."""

import re
from functools import lru_cache
from typing import NamedTuple

from tracking.clicks.bot_lists import is_listed_bot

# Device classes, for reports only: no decision depends on them. The values of `tracking.models.Click.Device`.
MOBILE, TABLET, DESKTOP, OTHER = "mobile", "tablet", "desktop", "other"
MAX_LENGTH = 300

_OTHERS = (
    r"smart-?tv|\btv\b|googletv|appletv|hbbtv|bravia|web0s|webos|roku|crkey|"
    r"playstation|xbox|nintendo|\bwatch\b|aft[a-z]+ build"
)
# Browsers of Android tablets are those that do not say "Mobile". An app's name may contain "Android" once more.
_TABLETS = (
    r"ipad|tablet(?! pc)|kindle|\bsilk/(?!.*\bmobile\b)|playbook|\bsm-[tx]\d{3}|mediapad|\blenovo tb|redmi pad|"
    r"\A(?!.*mobile)mozilla.*android"
)
_MOBILES = r"mobi|iphone|ipod|android|windows phone|opera mini|blackberry|\bbb10\b|j2me|symbian|kaios|midp"
_DESKTOPS = r"windows nt|windows 9|macintosh|x11|cros|linux (?:x86_64|i686|amd64)"
# The order matters: TVs also name Android, and phones also name Linux.
_DEVICE_PATTERNS = tuple(
    (device, re.compile(pattern, re.ASCII | re.IGNORECASE))
    for device, pattern in ((OTHER, _OTHERS), (TABLET, _TABLETS), (MOBILE, _MOBILES), (DESKTOP, _DESKTOPS))
)


class UserAgent(NamedTuple):
    """What a User-Agent names. An empty one names no bot."""

    is_bot: bool
    device: str


def parse_user_agent(text: str) -> UserAgent:
    """Return what `text` says. Only as much of it as is stored with a click counts."""
    return _parse_user_agent(text[:MAX_LENGTH])


# Most visits come from the same few browsers.
@lru_cache(maxsize=8192)
def _parse_user_agent(text: str) -> UserAgent:
    return UserAgent(is_listed_bot(text), detect_device(text))


def detect_device(text: str) -> str:
    """Return the device class. An iPad that requests desktop pages is indistinguishable from a Mac."""
    return next((device for device, pattern in _DEVICE_PATTERNS if pattern.search(text)), OTHER)
