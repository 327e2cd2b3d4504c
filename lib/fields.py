"""Model and form fields for percentages, amounts of money, codes and e-mail addresses."""

import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.text import clean_email, fold_code

# The highest amount that anyone may enter. Sums of many such amounts still fit numeric(14,2).
MAX_AMOUNT = Decimal("999999999.99")


class PercentField(models.DecimalField):  # type: ignore[type-arg]  # generic for the type checker only
    """A rate in percent from 0 to 100 with two decimals, stored as numeric(5,2)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_digits": 5, "decimal_places": 2}
        kwargs.setdefault("validators", [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))])
        super().__init__(*args, **kwargs)


class AmountField(forms.DecimalField):
    """An amount of ASCII digits with up to two decimals and an optional sign, of at most MAX_AMOUNT."""

    default_error_messages: ClassVar = {
        "invalid": _("Enter an amount with two decimals, such as 15.30."),
        "max_value": _("Enter an amount of at most %(limit_value)s."),
        "min_value": _("Enter an amount of at least %(limit_value)s."),
    }

    def __init__(self, *, max_digits: int = 14, decimal_places: int = 2, **options: Any) -> None:
        options = {"max_value": MAX_AMOUNT, "min_value": -MAX_AMOUNT} | options
        super().__init__(max_digits=max_digits, decimal_places=decimal_places, **options)

    def to_python(self, value: Any) -> Any:
        text = str(value if value is not None else "").strip()
        if text and not re.fullmatch(r"[-+]?\d+(\.\d{1,2})?", text, re.ASCII):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class MoneyField(models.DecimalField):  # type: ignore[type-arg]  # generic for the type checker only
    """An amount in the program's currency, stored as numeric(14,2) and never rounded on the way in.

    Constraints on it must exclude NaN explicitly: PostgreSQL sorts NaN above every number.
    """

    default_validators = [MinValueValidator(-MAX_AMOUNT), MaxValueValidator(MAX_AMOUNT)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_digits": 14, "decimal_places": 2}
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": AmountField} | kwargs)


class CodeKeyField(models.CharField):  # type: ignore[type-arg]  # generic for the type checker only
    """The key by which the code in the field `code` of the same row is compared; set whenever the row is saved."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Folding may turn one letter into several.
        kwargs |= {"max_length": 400, "editable": False}
        super().__init__(*args, **kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Return the key of the code that is about to be saved."""
        key = fold_code(model_instance.code)  # type: ignore[attr-defined]  # every model that has this field has a code
        setattr(model_instance, self.attname, key)
        return key


class CategoryField(models.CharField):  # type: ignore[type-arg]  # generic for the type checker only
    """The code of a category as `fold_code` returns it, whatever is stored or searched for."""

    def to_python(self, value: Any) -> Any:
        """Return the code as it is compared, also for validation."""
        return fold_code(value) if isinstance(value, str) else super().to_python(value)


class CategoryFormField(forms.CharField):
    """The code of a category in a form, read before it is validated as `fold_code` returns it."""

    def to_python(self, value: Any) -> Any:
        """Return the code as it is compared."""
        return fold_code(super().to_python(value) or "")


class EmailFormField(forms.EmailField):
    """An e-mail address of a form, cleaned before it is validated."""

    def to_python(self, value: Any) -> Any:
        """Return the address in lower case without invisible characters."""
        return clean_email(super().to_python(value) or "")


class EmailAddressField(models.EmailField):  # type: ignore[type-arg]  # generic for the type checker only
    """An e-mail address in lower case without invisible characters: one person has one account."""

    def to_python(self, value: Any) -> Any:
        """Return the address as it is stored and searched for."""
        return clean_email(value) if isinstance(value, str) else super().to_python(value)

    def formfield(self, **kwargs: Any) -> Any:
        """Return a form field that cleans the address, too."""
        return super().formfield(**{"form_class": EmailFormField} | kwargs)
