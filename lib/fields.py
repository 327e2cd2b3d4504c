"""Model fields for percentages and amounts of money."""

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


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
