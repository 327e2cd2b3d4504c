"""Device classes of browsers, by User-Agent. For reports only: no decision depends on them."""

import re
from functools import lru_cache

# The values of `tracking.models.Click.Device`.
MOBILE, TABLET, DESKTOP, OTHER = "mobile", "tablet", "desktop", "other"

_OTHERS = (
    r"smart-?tv|\btv\b|googletv|appletv|hbbtv|bravia|web0s|webos|roku|crkey|"
    r"playstation|xbox|nintendo|\bwatch\b|aft[a-z]+ build"
)
_TABLETS = r"ipad|tablet|kindle|\bsilk/(?!.*\bmobile\b)|playbook|android(?!.*\bmobile\b)"
_MOBILES = r"mobi|iphone|ipod|android|windows phone|opera mini|blackberry|\bbb10\b|j2me|symbian|kaios"
_DESKTOPS = r"windows nt|windows 9|macintosh|x11|cros|linux (?:x86_64|i686|amd64)"
# The order matters: TVs also name Android, and phones also name Linux.
_PATTERNS = tuple(
    (device, re.compile(pattern, re.ASCII | re.IGNORECASE))
    for device, pattern in ((OTHER, _OTHERS), (TABLET, _TABLETS), (MOBILE, _MOBILES), (DESKTOP, _DESKTOPS))
)


# Called for each click, mostly with the same few browsers.
@lru_cache(maxsize=4096)
def detect_device(user_agent: str) -> str:
    """Return the device class of `user_agent`. An iPad that requests desktop pages is indistinguishable from a Mac."""
    return next((device for device, pattern in _PATTERNS if pattern.search(user_agent)), OTHER)
