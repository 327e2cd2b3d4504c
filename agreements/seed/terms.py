"""The terms and the rate card of the seed agreement, with the default values of specification 2."""

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
"""Rates are in percent and amounts in the program's currency. An order cap of None means no cap."""

EVERYTHING_ELSE = "everything-else"
"""The category that covers every category that the rate card does not name."""

RATE_CARD: tuple[SeedRate, ...] = (
    SeedRate("consumer-electronics", "Consumer electronics", Decimal("2.60")),
    SeedRate("office-school", "Office & school", Decimal("4.00")),
    SeedRate("home-decor", "Home decor", Decimal("5.00")),
    SeedRate("lights-lighting", "Lights & lighting", Decimal("5.00")),
    SeedRate("kitchen-dining", "Kitchen & dining", Decimal("5.50")),
    SeedRate("sports-garden", "Sports & garden", Decimal("6.00")),
    SeedRate("toys-hobbies", "Toys & hobbies", Decimal("7.00")),
    SeedRate("bags-shoes", "Bags & shoes", Decimal("7.50")),
    SeedRate("beauty-health", "Beauty & health", Decimal("8.00")),
    SeedRate("jewelry-accessories", "Jewelry & accessories", Decimal("8.50")),
    SeedRate(EVERYTHING_ELSE, "Everything else", Decimal("3.00")),
)
