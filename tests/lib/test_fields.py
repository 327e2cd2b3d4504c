"""Fields of models and forms that read copied text (specification 4 and 9)."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from agreements.models import AgreementVersion, Promotion, Rate
from lib.fields import CategoryFormField, EmailFormField
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("category", ["Home-Decor ", "HOME-DECOR", "\u200bhome-decor\ufeff"], ids=ascii)
def test_category_is_validated_stored_and_searched_for_as_it_is_compared(category: str) -> None:
    draft = AgreementVersion.objects.create(drafted_at=NOW)
    rate = Rate(agreement=draft, category=category, name="Home decor", percent="5.00")
    rate.full_clean()
    assert rate.category == "home-decor"
    Rate.objects.bulk_create([Rate(agreement=draft, category=category, name="Home decor", percent="5.00")])
    assert Rate.objects.values_list("category", flat=True).get(category=category) == "home-decor"
    field = Promotion._meta.get_field("categories")
    assert field.get_db_prep_value([category], connection, prepared=False) == ["home-decor"]


def test_category_of_other_characters_is_refused_in_a_draft() -> None:
    draft = AgreementVersion.objects.create(drafted_at=NOW)
    rate = Rate(agreement=draft, category="Home Decor", name="x", percent="5")
    with pytest.raises(ValidationError, match="lowercase letters"):
        rate.full_clean()


def test_form_fields_clean_before_they_validate() -> None:
    assert CategoryFormField(max_length=10).clean(" Home-Decor\u200b ") == "home-decor"
    assert EmailFormField().clean("\u200eZW@Example.org\u200b") == "zw@example.org"
    assert EmailFormField(required=False).clean("") == ""
    with pytest.raises(ValidationError):
        EmailFormField().clean("\u200b")
