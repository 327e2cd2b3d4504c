"""How Django shows dates in English where no filter of ours does, as in the admin: as `lib/formatting.py` does."""

DATE_FORMAT = "j M Y"
# T is the zone, as in "29 Nov 2026, 07:22 UTC".
DATETIME_FORMAT = "j M Y, H:i T"
TIME_FORMAT = "H:i"
SHORT_DATE_FORMAT = DATE_FORMAT
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
# Only unambiguous dates are read: 03/04/2026 is two days, in the United States and elsewhere.
DATE_INPUT_FORMATS = ["%Y-%m-%d"]
