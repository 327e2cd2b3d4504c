"""Validation of an affiliate's name, country, time zone and language, shared by pages, admin and import."""

import unicodedata
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django_countries import Countries, countries

from affiliates.country_names import find_country
from lib.text import clean_name as collapse_name
from lib.time_zones import is_time_zone

MAX_NAME_LENGTH = 200
# Names and codes in common use that ISO 3166 does not have.
OTHER_COUNTRY_NAMES = {
    "UK": "GB", "GREAT BRITAIN": "GB", "BRITAIN": "GB", "ENGLAND": "GB", "SCOTLAND": "GB", "WALES": "GB",
    "NORTHERN IRELAND": "GB", "EL": "GR", "UNITED STATES": "US", "US OF AMERICA": "US", "AMERICA": "US",
    "UAE": "AE", "HOLLAND": "NL", "NETHERLANDS": "NL", "CZECH REPUBLIC": "CZ", "SOUTH KOREA": "KR", "KOREA": "KR",
    "NORTH KOREA": "KP", "RUSSIA": "RU", "TURKEY": "TR", "TÜRKIYE": "TR", "IVORY COAST": "CI", "CAPE VERDE": "CV",
    "SWAZILAND": "SZ", "MACEDONIA": "MK", "BURMA": "MM", "EAST TIMOR": "TL", "VATICAN": "VA", "MACAU": "MO",
    "PALESTINE": "PS", "SYRIA": "SY", "IRAN": "IR", "LAOS": "LA", "MOLDOVA": "MD", "TANZANIA": "TZ",
    "BOLIVIA": "BO", "VENEZUELA": "VE", "TAIWAN": "TW", "BRUNEI": "BN", "REPUBLIC OF IRELAND": "IE", "EIRE": "IE",
}  # fmt: skip


class OfficialCountries(Countries):
    """The countries by their official ISO names, such as "Viet Nam", instead of their common names."""

    common_names = False
    override: ClassVar[dict[str, str]] = {}


official_countries = OfficialCountries()


def clean_text(field: str, text: str, max_length: int) -> str:
    """Return `text` without invisible characters, and with runs of white space collapsed to single spaces.

    Raises ValidationError for `field` if the text is empty or too long, or has control characters, or has no letter or
    digit.
    """
    text = collapse_name(text)
    if not text:
        raise ValidationError({field: _("This field is required.")})
    if len(text) > max_length:
        raise ValidationError({field: _("Enter at most %(longest)d characters.") % {"longest": max_length}})
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValidationError({field: _("Remove line breaks and other control characters.")})
    if not any(character.isalnum() for character in text):
        raise ValidationError({field: _("Enter at least one letter or digit.")})
    return text


def clean_name(text: str) -> str:
    """Return the name of a person or company, of 1 to 200 characters."""
    return clean_text("name", text, MAX_NAME_LENGTH)


def clean_country(text: str) -> str:
    """Return an ISO 3166-1 alpha-2 code in capitals. Raises ValidationError for `country` if there is no such code."""
    code = text.strip().upper()
    if not code:
        raise ValidationError({"country": _("This field is required.")})
    if code not in countries:
        raise ValidationError(
            {
                "country": _(
                    "%(code)s is not a country code of ISO 3166. Enter two letters, such as GB; see https://www.iso.org/obp/ui/."
                )
                % {"code": text.strip()}
            }
        )
    return code


def clean_country_or_name(text: str) -> str:
    """Return the code of a country that is given by its code of two or three letters or by an English name.

    Raises ValidationError for `country` if there is no such country.
    """
    name = " ".join(text.split())
    letters = name.upper().replace(".", "")
    other = OTHER_COUNTRY_NAMES.get(letters.removeprefix("THE "))
    by_name = countries.by_name(name) or official_countries.by_name(name)
    by_letters = countries.alpha2(letters) if letters.isascii() and letters.isalpha() and len(letters) == 3 else ""
    return other or by_name or by_letters or find_country(name) or clean_country(name)


def clean_time_zone(text: str) -> str:
    """Return `text` if it is the IANA area name of a time zone. Raises ValidationError for `time_zone` otherwise."""
    if not is_time_zone(text):
        raise ValidationError({"time_zone": _("%(name)s is not the name of a time zone.") % {"name": text}})
    return text


def clean_language(text: str) -> str:
    """Return the code of a language of the interface, or "" for no preference.

    Raises ValidationError for `language` if the interface has no such language.
    """
    if text and text not in dict(settings.LANGUAGES):
        raise ValidationError({"language": _("%(code)s is not a language of this program.") % {"code": text}})
    return text
