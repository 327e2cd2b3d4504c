"""Fields of models and forms: amounts, and what reads copied text (specification 3, 4 and 9)."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection

from agreements.models import AgreementVersion, Promotion, Rate
from lib.fields import MAX_AMOUNT, AmountField, CategoryFormField, EmailFormField, MoneyField
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["0", "16", "15.3", "15.30", "-15.30", "+1.00", " 2.00 ", "999999999.99"])
def test_amount_is_read_exactly(text):
    assert AmountField().clean(text) == Decimal(text.strip())


@pytest.mark.parametrize(
    "text", ["1,50", "1_000", "1e3", "NaN", "Infinity", "\u0661\u0662", "1.005", "$1", "0x10", ".5", "--1", "\u22121"]
)
def test_other_spelling_of_an_amount_is_rejected(text):
    with pytest.raises(ValidationError, match="such as 15\\.30"):
        AmountField().clean(text)


@pytest.mark.parametrize("text", ["1000000000.00", "99999999999.00", "999999999999.99", "9" * 40, "-1000000000"])
def test_amount_beyond_the_limit_is_rejected(text):
    with pytest.raises(ValidationError, match="999999999\\.99"):
        AmountField().clean(text)


def test_every_amount_in_a_model_form_uses_the_field():
    fields = [f for model in apps.get_models() for f in model._meta.get_fields() if isinstance(f, MoneyField)]
    assert len(fields) > 10
    assert {type(field.formfield()) for field in fields if field.editable} == {AmountField}


def test_amount_of_a_model_is_limited():
    assert Decimal("999999999.99") == MAX_AMOUNT
    with pytest.raises(ValidationError):
        MoneyField().run_validators(MAX_AMOUNT + 1)


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
