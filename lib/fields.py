"""Fields for percentages, amounts of money, codes and e-mail addresses."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from lib.text import clean_email, fold_code


class PercentField(models.DecimalField):  # type: ignore[type-arg]  # generic for the type checker only
    """A rate in percent from 0 to 100 with two decimals, stored as numeric(5,2)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_digits": 5, "decimal_places": 2}
        kwargs.setdefault("validators", [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))])
        super().__init__(*args, **kwargs)


class MoneyField(models.DecimalField):  # type: ignore[type-arg]  # generic for the type checker only
    """An amount in the program's currency, stored as numeric(14,2) and never rounded on the way in.

    Constraints on it must exclude NaN explicitly: PostgreSQL sorts NaN above every number.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_digits": 14, "decimal_places": 2}
        super().__init__(*args, **kwargs)


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
