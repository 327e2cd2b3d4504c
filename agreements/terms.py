"""The terms of an agreement: unit, direction that benefits the affiliate, and format (specification 2).

Formatted values are part of the accepted text, so their language is that of the text, not the reader's.
"""

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agreements.languages import ENGLISH, Wording

if TYPE_CHECKING:
    from agreements.models import AgreementVersion

Value = Decimal | int | str | None


class Unit(StrEnum):
    WORD = "word"
    PERCENT = "percent"
    MONEY = "money"
    DAYS = "days"
    YEARS = "years"
    DAY_OF_MONTH = "day of the month"
    ORDERS = "orders"


class Better(StrEnum):
    """The direction of change that benefits the affiliate; the opposite is a detriment."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


class Term(NamedTuple):
    unit: Unit
    better: Better
    help: Promise


TERMS: dict[str, Term] = {
    "currency": Term(
        Unit.WORD, Better.NEITHER, _("ISO 4217 code of a currency with two decimals. The same in every version.")
    ),
    "time_zone": Term(Unit.WORD, Better.NEITHER, _("IANA name, such as Europe/Berlin. The same in every version.")),
    # Floor and ceiling bound promotions: a lower bound lets the program pay less than before.
    "rate_floor": Term(Unit.PERCENT, Better.MORE, _("0.00 to 100.00. No rate or promotion may be lower.")),
    "rate_ceiling": Term(Unit.PERCENT, Better.MORE, _("0.00 to 100.00. No rate or promotion may be higher.")),
    "attribution_days": Term(
        Unit.DAYS,
        Better.MORE,
        _("1 to 90: days from click to order in which an order is credited (attribution window)."),
    ),
    "order_commission_cap": Term(Unit.MONEY, Better.MORE, _("More than 0.00. Leave empty for no limit.")),
    "validation_days": Term(
        Unit.DAYS,
        Better.LESS,
        _("0 to 180: days from completion of an order until its commission can be paid."),
    ),
    "close_day": Term(Unit.DAY_OF_MONTH, Better.LESS, _("1 to 28: day of the next month on which a month is closed.")),
    "payout_minimum": Term(
        Unit.MONEY, Better.LESS, _("0.00 and up: lowest balance that is paid out (payout threshold).")
    ),
    "payout_details_hold_days": Term(
        Unit.DAYS, Better.LESS, _("0 to 60: days from a change of payout details until the first payout to them.")
    ),
    "target_orders": Term(Unit.ORDERS, Better.LESS, _("Orders required to meet the sales target; 0 for no target.")),
    "target_days": Term(Unit.DAYS, Better.MORE, _("1 to 730: days in which orders count toward the target.")),
    "target_cure_days": Term(
        Unit.DAYS, Better.MORE, _("0 to 365: days from the missed-target notice until a review is opened.")
    ),
    "reply_days": Term(Unit.DAYS, Better.MORE, _("1 to 365: days in which an affiliate may reply to a review.")),
    # Commissions are held until the decision, so more time is worse.
    "review_days": Term(Unit.DAYS, Better.LESS, _("1 to 365: days in which staff must decide a review.")),
    "appeal_days": Term(Unit.DAYS, Better.MORE, _("1 to 365: days in which an affiliate may appeal.")),
    "change_notice_days": Term(
        Unit.DAYS, Better.MORE, _("0 to 365: days of notice before a less favorable version takes effect.")
    ),
    "termination_notice_days": Term(
        Unit.DAYS, Better.MORE, _("0 to 365: days of notice before a termination without breach takes effect.")
    ),
    # Longer keeps personal data longer.
    "retention_years": Term(
        Unit.YEARS,
        Better.LESS,
        _("1 to 30: years that personal parts of acceptances, statements and decided reviews are kept after an end."),
    ),
}
"""Every term except the rate card and the prohibited activities, in the order of the seed agreement's clauses."""


def get_column(term: str) -> "Field[Any, Any]":
    """Return the model field of `term`."""
    field = apps.get_model("agreements", "AgreementVersion")._meta.get_field(term)
    assert isinstance(field, Field)
    return field


def get_term_value(version: "AgreementVersion", term: str) -> Value:
    """Return the stored value of `term` in a version."""
    value: Value = getattr(version, term)
    return value


def format_term_value(term: str, value: Value, currency: str, words: Wording = ENGLISH) -> str:
    """Format the value of `term` as in the agreement: "3 days", "2.60 %", "16.00 USD", "no limit", "the 3rd"."""
    unit = TERMS[term].unit
    if value is None:
        return words.no_limit
    if unit is Unit.PERCENT:
        return words.format_percent(Decimal(value))
    if unit is Unit.MONEY:
        return words.format_money(Decimal(value), currency)
    if unit is Unit.DAY_OF_MONTH:
        return words.day_of_month(int(value))
    if unit is Unit.ORDERS and value == 0:
        return words.no_orders
    return str(value) if unit is Unit.WORD else words.format_count(int(value), unit.value)


format_percent = ENGLISH.format_percent
format_datetime = ENGLISH.format_datetime
