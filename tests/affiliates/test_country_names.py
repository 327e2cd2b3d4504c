"""Names of countries as people write them."""

import pytest
from django.core.exceptions import ValidationError

from affiliates.fields import clean_country, clean_country_or_name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Republic of Korea", "KR"),
        ("Korea (the Republic of)", "KR"),
        ("Federal Republic of Germany", "DE"),
        ("cote d'ivoire", "CI"),
        ("The Gambia", "GM"),
        ("St. Lucia", "LC"),
        ("Turkiye", "TR"),
        ("Kosovo", "XK"),
    ],
)
def test_country_is_found_by_its_name(name: str, code: str) -> None:
    assert clean_country_or_name(name) == code


def test_kosovo_has_a_code() -> None:
    assert clean_country("xk") == "XK"


def test_error_says_where_codes_are_listed() -> None:
    with pytest.raises(ValidationError, match=r"Atlantis is not a country code of ISO 3166.*iso.org"):
        clean_country_or_name("Atlantis")
