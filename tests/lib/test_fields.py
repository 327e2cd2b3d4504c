"""The form field of amounts, and the model fields that use it."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from lib.fields import MAX_AMOUNT, AmountField, MoneyField


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
