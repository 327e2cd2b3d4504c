"""Discounts, taxes and refunds of a whole order, spread over its lines. Every sum is done by hand."""

from decimal import Decimal

import pytest

from shops.csv_import.amounts import allocate, compute_goods, spread_refund


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        ("45.00", ("40.00", "10.00"), ("36.00", "9.00")),
        # A third of 10.00 each is 3.33; the cent that remains goes to the first.
        ("10.00", ("5.00", "5.00", "5.00"), ("3.34", "3.33", "3.33")),
        # 6.666 and 3.333: the larger fraction gets the cent.
        ("10.00", ("20.00", "10.00"), ("6.67", "3.33")),
        ("0.01", ("1.00", "1.00"), ("0.01", "0.00")),
        ("0.00", ("1.00", "2.00"), ("0.00", "0.00")),
        ("5.00", ("0.00", "0.00"), ("5.00", "0.00")),
    ],
)
def test_total_is_divided_in_cents_that_add_up(total, weights, shares):
    divided = allocate(Decimal(total), decimals(*weights))
    assert divided == decimals(*shares)
    assert sum(divided) == Decimal(total)


@pytest.mark.parametrize(
    ("subtotal", "shipping", "tax", "total", "goods"),
    [
        # Tax is added: 45.00 + 5.00 + 4.50 = 54.50, so the goods are 45.00.
        ("45.00", "5.00", "4.50", "54.50", "45.00"),
        # Tax is included: 119.00 holds 19.00, so the goods are 100.00.
        ("119.00", "0.00", "19.00", "119.00", "100.00"),
        # Included in goods and shipping: 19.00 x 107.10 / 119.00 = 17.10 is that of the goods; 107.10 - 17.10 = 90.00.
        ("107.10", "11.90", "19.00", "119.00", "90.00"),
        # A tip on top changes nothing.
        ("45.00", "5.00", "4.50", "57.50", "45.00"),
        ("0.00", "0.00", "0.00", "0.00", "0.00"),
    ],
)
def test_goods_are_without_shipping_and_tax(subtotal, shipping, tax, total, goods):
    values = {"subtotal": subtotal, "shipping": shipping, "tax": tax, "total": total}
    assert compute_goods(**{name: Decimal(text) for name, text in values.items()}) == Decimal(goods)


@pytest.mark.parametrize(
    ("refunded", "total", "amounts", "refunds"),
    [
        # 10.90 of 54.50 is a fifth: of the goods 45.00 x 10.90 / 54.50 = 9.00, which is 7.20 of 36.00 and 1.80 of 9.00.
        ("10.90", "54.50", ("36.00", "9.00"), ("7.20", "1.80")),
        ("54.50", "54.50", ("36.00", "9.00"), ("36.00", "9.00")),
        ("60.00", "54.50", ("36.00", "9.00"), ("36.00", "9.00")),
        ("0.00", "54.50", ("36.00", "9.00"), ("0.00", "0.00")),
        ("5.00", "0.00", ("0.00",), ("0.00",)),
    ],
)
def test_refund_covers_goods_tax_and_shipping_in_proportion(refunded, total, amounts, refunds):
    lines = decimals(*amounts)
    assert spread_refund(Decimal(refunded), total=Decimal(total), amounts=lines) == decimals(*refunds)
