"""The terms of the seed agreement: CONTRACT 2, value for value."""

from decimal import Decimal

from agreements.seed.shapes import SeedRate, TermValue

TERMS: dict[str, TermValue] = {
    "currency": "USD",
    "time_zone": "UTC",
    "rate_floor": Decimal("2.60"),
    "rate_ceiling": Decimal("8.50"),
    "payout_minimum": Decimal("16.00"),
    "validation_days": 30,
    "attribution_days": 3,
    "close_day": 3,
    "payout_details_hold_days": 7,
    "retention_years": 10,
    "order_commission_cap": None,
    "target_orders": 3,
    "target_days": 180,
    "target_cure_days": 30,
    "change_notice_days": 14,
    "termination_notice_days": 30,
    "reply_days": 7,
    "review_days": 30,
    "appeal_days": 14,
}
"""Rates are in percent, money is in the program's currency, and no cap is None."""

EVERYTHING_ELSE = "everything-else"
"""The category that stands for every category that the rate card does not name."""

RATE_CARD: tuple[SeedRate, ...] = (
    SeedRate("consumer-electronics", Decimal("2.60")),
    SeedRate("office-school", Decimal("4.00")),
    SeedRate("home-decor", Decimal("5.00")),
    SeedRate("lights-lighting", Decimal("5.00")),
    SeedRate("kitchen-dining", Decimal("5.50")),
    SeedRate("sports-garden", Decimal("6.00")),
    SeedRate("toys-hobbies", Decimal("7.00")),
    SeedRate("bags-shoes", Decimal("7.50")),
    SeedRate("beauty-health", Decimal("8.00")),
    SeedRate("jewelry-accessories", Decimal("8.50")),
    SeedRate(EVERYTHING_ELSE, Decimal("3.00")),
)
