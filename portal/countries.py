"""The countries of ISO 3166 by their English names, for people to choose from."""

from functools import cache

import pycountry


@cache
def _load_names() -> dict[str, str]:
    return {country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries}


@cache
def list_choices() -> tuple[tuple[str, str], ...]:
    """Each country's common English name, which is also what is stored, in order."""
    return tuple((name, name) for name in sorted(_load_names().values()))


def get_country_name(text: str) -> str:
    """The English name of a country given by its code; any other text as it is."""
    return _load_names().get(text.upper(), text)
