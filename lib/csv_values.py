"""Values as spreadsheets and shops write them in CSV files: amounts, times, whole numbers.

Pure. Only CSV imports read these; the JSON API takes its own formats and no other. What can be understood in two
ways is refused.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

# The currencies that are written with a symbol. A symbol of several currencies is that of the program.
_SYMBOLS = {
    "$": "USD AUD BBD BMD BND BSD BZD CAD COP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD UYU XCD",
    "US$": "USD", "A$": "AUD", "C$": "CAD", "CA$": "CAD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD",
    "R$": "BRL", "€": "EUR", "£": "GBP EGP FKP SHP", "kr": "SEK NOK DKK", "kr.": "DKK", "zł": "PLN", "Kč": "CZK",
    "Ft": "HUF", "lei": "RON", "₹": "INR", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₦": "NGN", "₱": "PHP", "฿": "THB",
    "¥": "CNY", "R": "ZAR", "лв": "BGN", "лв.": "BGN",
}  # fmt: skip
_AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}", re.ASCII)
_AFFIXED = re.compile(
    r"(?P<before>[^\d\s.,'’+()-]{0,4}) ?(?P<number>[\d.,'’ ]+?) ?(?P<after>(?:[^\d\s.,'’+()-][^\d\s,'’+()-]{0,3})?)"
)
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_WHOLE = re.compile(r"(\d{1,18})(?:[.,]0{1,2})?", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[ Tt](\d{2}:\d{2})(:\d{2})?(\.\d+)? ?(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)
_LOCAL = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}),? +(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])\.?[Mm]\.?)?", re.ASCII
)


class Unreadable(ValueError):
    """A value that cannot be read, or in more than one way. The text says why."""


def parse_amount(text: str, currency: str) -> str:
    """Return an amount with a point and two decimals, such as 15.30 for `15,3` or `$15.30`.

    Raises Unreadable if it is no amount in `currency`, or may mean two.
    """
    if _AMOUNT.fullmatch(text):
        return text
    spaced = _SPACES.sub(" ", text.strip())
    match = _AFFIXED.fullmatch(spaced) if len(spaced) <= 40 and not any(map(_is_foreign_digit, spaced)) else None
    if match is None:
        raise Unreadable(_("“%(text)s” is not an amount such as 15.30.") % {"text": text[:60]})
    for affix in (match["before"], match["after"]):
        if affix and affix.upper() != currency and currency not in _SYMBOLS.get(affix, "").split():
            raise Unreadable(_("“%(text)s” is not in %(currency)s.") % {"text": text[:60], "currency": currency})
    return _parse_number(match["number"].strip(), text)


def _is_foreign_digit(character: str) -> bool:
    return character.isnumeric() and not character.isascii()


def _parse_number(number: str, text: str) -> str:
    """Return a number that may have separators of thousands and decimals, of any country, with two decimals."""
    if number.isdigit():
        return _format_amount(number, "00", text)
    marks = [mark for mark in dict.fromkeys(number) if not mark.isdigit()]
    last = marks[-1]
    whole, _mark, decimals = number.rpartition(last)
    if len(marks) == 1 and number.count(last) == 1 and last in ".,":
        if len(decimals) == 3 and 1 <= len(whole) <= 3 and whole.strip("0"):
            values = {"text": text[:60], "one": whole + decimals, "other": f"{whole}.{decimals}"}
            raise Unreadable(
                _("“%(text)s” may be %(one)s or %(other)s. Write it with two decimals, such as %(one)s.00.") % values
            )
        return _format_amount(whole or "0", decimals, text)
    if number.count(last) > 1 or last not in ".,":
        # Thousands only.
        return _format_amount(_join_thousands(number, marks, text), "00", text)
    return _format_amount(_join_thousands(whole, marks[:-1], text), decimals, text)


def _join_thousands(number: str, marks: list[str], text: str) -> str:
    groups = number.split(marks[0]) if len(marks) == 1 else []
    if not groups or not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
        raise Unreadable(_("“%(text)s” is not an amount such as 15.30.") % {"text": text[:60]})
    return "".join(groups)


def _format_amount(whole: str, decimals: str, text: str) -> str:
    if not whole.isdigit() or len(whole) > 12 or not decimals.isdigit():
        raise Unreadable(_("“%(text)s” is not an amount such as 15.30.") % {"text": text[:60]})
    if decimals[2:].strip("0"):
        raise Unreadable(_("“%(text)s” has more than two decimals.") % {"text": text[:60]})
    return f"{Decimal(whole)}.{decimals[:2]:0<2}"


def parse_whole_number(text: str) -> int | str:
    """Return a whole number such as `2` or `2,00`, or the text itself if it is none."""
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else text


def parse_moment(text: str, zone: ZoneInfo) -> str:
    """Return a date with a time as RFC 3339, in `zone` if it has no offset.

    Raises Unreadable if it has no time of day, may be two days, or does not exist in `zone`.
    """
    if match := _ISO.fullmatch(text):
        day, minutes, seconds, fraction, offset = match.groups(default="")
        local = f"{day}T{minutes}{seconds or ':00'}{fraction}"
        return local + _format_offset(offset) if offset else _add_offset(local, zone, text)
    if match := _LOCAL.fullmatch(text):
        return _add_offset(_read_local(match, text), zone, text)
    cause = _("“%(text)s” is not a date with a time such as 2026-11-20 12:00:00 +0100.")
    raise Unreadable(cause % {"text": text[:60]})


def has_offset(text: str) -> bool:
    """Return whether a time that `parse_moment` reads has an offset of its own."""
    match = _ISO.fullmatch(text)
    return bool(match and match[5])


def _format_offset(offset: str) -> str:
    if offset.upper() in ("Z", "UTC", "GMT"):
        return "Z"
    digits = offset[1:].replace(":", "").ljust(4, "0")
    return f"{offset[0]}{digits[:2]}:{digits[2:]}"


def _read_local(match: re.Match[str], text: str) -> str:
    """Return a time such as `20.11.2026 12:00` or `11/20/2026 12:00 PM` as ISO 8601 without offset."""
    first, mark, second, year, hour, minute, seconds, half = match.groups(default="")
    day, month = (int(first), int(second))
    if mark != "." and month > 12 >= day:
        day, month = month, day
    elif mark != "." and day <= 12 and day != month:
        cause = _("“%(text)s” may be two different days. Write the date as 2026-11-20 12:00.")
        raise Unreadable(cause % {"text": text[:60]})
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise Unreadable(_("“%(text)s” is not a valid time.") % {"text": text[:60]})
        hours = hours % 12 + (12 if half in "Pp" else 0)
    return f"{year}-{month:02}-{day:02}T{hours:02}:{minute}:{seconds or '00'}"


def _add_offset(local: str, zone: ZoneInfo, text: str) -> str:
    try:
        naive = datetime.fromisoformat(local[:26])
        moment = naive.replace(tzinfo=zone)
        exists = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
    except (ValueError, OverflowError):
        raise Unreadable(_("“%(text)s” is not a valid time.") % {"text": text[:60]}) from None
    if not exists:
        cause = _("“%(text)s” does not exist in the time zone %(zone)s, because clocks were set forward.")
        raise Unreadable(cause % {"text": text[:60], "zone": zone.key})
    offset = moment.utcoffset() or timedelta()
    if offset % timedelta(minutes=1):
        # Before standard time, offsets had seconds, which RFC 3339 cannot write.
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()
