"""What an affiliate may be called and where they may live: one reading for the form, the import and the admin."""

import unicodedata
from zoneinfo import available_timezones

import pycountry
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST_NAME = 200
LONGEST_COUNTRY = 60
# Invisible, but part of how names are written in several scripts.
JOINERS = "\u200c\u200d"


def clean_text(field: str, text: str, longest: int) -> str:
    """`text` with single spaces; refuses an empty one, one of more than `longest` characters, and control characters."""
    text = " ".join(text.split())
    if not text:
        raise ValidationError({field: _("This field is required.")})
    if len(text) > longest:
        raise ValidationError({field: _("At most %(longest)d characters.") % {"longest": longest}})
    kinds = {unicodedata.category(character) for character in text if character not in JOINERS}
    if kinds & {"Cc", "Cs"}:
        raise ValidationError({field: _("Control characters are not allowed.")})
    if "Cf" in kinds:
        raise ValidationError({field: _("Invisible characters are not allowed.")})
    if not any(character.isalnum() for character in text):
        raise ValidationError({field: _("There must be a letter or a digit in it.")})
    return text


def clean_name(text: str) -> str:
    """A person's or a company's name, of 1 to 200 characters."""
    return clean_text("name", text, LONGEST_NAME)


def clean_country(text: str) -> str:
    """A country: its name in any language, or its code of two letters, which ISO 3166 must know."""
    text = clean_text("country", text, LONGEST_COUNTRY)
    if len(text) != 2:
        return text
    if pycountry.countries.get(alpha_2=text.upper()) is None:
        raise ValidationError({"country": _("%(code)s is not the code of a country.") % {"code": text}})
    return text.upper()


def clean_time_zone(text: str) -> str:
    """A time zone by its IANA name."""
    if text not in available_timezones():
        raise ValidationError({"time_zone": _("%(name)s is not the name of a time zone.") % {"name": text}})
    return text


def clean_language(text: str) -> str:
    """A language of the interface by its code, or "" for none in particular."""
    if text and text not in dict(settings.LANGUAGES):
        raise ValidationError({"language": _("%(code)s is not a language of this program.") % {"code": text}})
    return text
