"""Rounding of money in Python and in SQL (lib.money)."""

from decimal import Decimal

import pytest
from django.db import connection

from lib import money

# Base, rate in percent, share.
SHARES = [
    ("0.00", "5.00", "0.00"),
    ("0.10", "5.00", "0.01"),
    ("0.09", "5.00", "0.00"),
    ("0.30", "5.00", "0.02"),
    ("0.50", "5.00", "0.03"),
    ("1.00", "8.50", "0.09"),
    ("319.80", "5.00", "15.99"),
    ("319.89", "5.00", "15.99"),
    ("319.90", "5.00", "16.00"),
    ("320.00", "5.00", "16.00"),
    ("999999.99", "8.50", "85000.00"),
    ("1000000.00", "100.00", "1000000.00"),
]


@pytest.mark.parametrize(("base", "percent", "share"), SHARES)
def test_half_cents_are_rounded_away_from_zero(base, percent, share):
    assert str(money.calculate_share(Decimal(base), Decimal(percent))) == share
    assert money.round_to_cents(-Decimal(base) * Decimal(percent) / 100) == -Decimal(share)


@pytest.mark.django_db
def test_database_rounds_like_python():
    with connection.cursor() as cursor:
        for base, percent, share in SHARES:
            cursor.execute("SELECT round(%s::numeric * %s::numeric / 100, 2)::text", [base, percent])
            assert cursor.fetchone() == (share,)


def test_zero_has_two_decimals():
    assert str(money.ZERO) == "0.00"
