"""Names of countries as people write them: common, official, and with the words in another order."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import pycountry
from django_countries import countries

# "Korea, Republic of" and "Korea (the Republic of)" are also written "Republic of Korea".
_INVERTED = re.compile(r"(?P<last>[^,(]+?)(?:, (?P<first>[^()]+ of(?: the)?)| \((?P<bracket>[^()]+ of(?: the)?)\))")


def find_country(name: str) -> str:
    """Return the code of the country called `name` in English, whatever its case and accents; "" for none."""
    return _load_names().get(_fold(name), "")


@cache
def _load_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for code, name in countries:
        names |= dict.fromkeys(_list_variants(str(name)), code)
    for country in pycountry.countries:
        for name in (country.name, getattr(country, "official_name", ""), getattr(country, "common_name", "")):
            for variant in _list_variants(name):
                names.setdefault(variant, country.alpha_2)
    return names


def _list_variants(name: str) -> Iterator[str]:
    if name:
        yield _fold(name)
    if match := _INVERTED.fullmatch(name):
        yield _fold(f"{match['first'] or match['bracket']} {match['last']}")


def _fold(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    words = re.sub(r"[^\w\s]", " ", "".join(char for char in letters if not unicodedata.combining(char))).split()
    return " ".join("saint" if word == "st" else word for word in words if word != "the")
