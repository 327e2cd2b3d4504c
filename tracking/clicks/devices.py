"""On what kind of device somebody reads, as far as their browser says: for reports alone, nothing is decided by it."""

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
# In this order: a television names Android too, a tablet names no telephone, and a telephone names Linux.
_PATTERNS = tuple(
    (device, re.compile(signs, re.ASCII | re.IGNORECASE))
    for device, signs in ((OTHER, _OTHERS), (TABLET, _TABLETS), (MOBILE, _MOBILES), (DESKTOP, _DESKTOPS))
)


# The redirect asks for each click, and the same browsers come again.
@lru_cache(maxsize=4096)
def detect_device(user_agent: str) -> str:
    """The class of the device that `user_agent` names; an iPad that asks for desktop pages says that it is a Mac."""
    return next((device for device, signs in _PATTERNS if signs.search(user_agent)), OTHER)
