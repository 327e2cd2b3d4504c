"""The forecast of an affiliate's next payout: what the next close would post, pay or carry over, and why."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.applicable_version import get_applicable_version
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.periods import (
    Period,
    build_period,
    find_period,
    get_automatic_close_time,
    get_next_month,
)
from agreements.rules import Rule
from lib.formatting import format_datetime, format_money
from lib.money import ZERO
from lib.request_values import read_once
from payouts.closing.payout_eligibility import PayoutEligibility, build_eligibility, get_payout_facts
from payouts.commissions.rollups import TOTAL_EARNED
from payouts.models import Close


class NextClose(NamedTuple):
    """The month that is closed next, and the time of its scheduled close."""

    month: Period
    at: datetime


class UnsettledAmounts(NamedTuple):
    """Commissions not on a statement yet: `due` at the next close, `pending` until a later one, `held` by a review."""

    due: Decimal
    pending: Decimal
    held: Decimal


class PayoutRequirement(NamedTuple):
    """What is missing for the next payout, with its clause and the address of a page where it can be provided."""

    text: str
    clause: str
    address: str = ""


class PayoutForecast(NamedTuple):
    """The forecast: `expected` is the balance before the payout, in the program's currency. It is today's `balance`,
    the commissions due, and `adjustments`.

    Closes are scheduled only if `is_program_open`.
    """

    now: datetime
    agreement: AgreementVersion
    close: NextClose
    is_program_open: bool
    is_overdue: bool
    balance: Decimal
    unsettled: UnsettledAmounts
    adjustments: Decimal
    expected: Decimal
    requirements: list[PayoutRequirement]
    eligibility: PayoutEligibility
    # None if the affiliate has accepted no version that is in effect; `agreement` is then the one in force.
    applicable: AgreementVersion | None


@read_once
def get_payout_forecast(affiliate: Affiliate, now: datetime) -> PayoutForecast | None:
    """Forecast the next payout of `affiliate`; None before the first agreement takes effect."""
    applicable = get_applicable_version(affiliate.pk, at=now)[0]
    agreement = applicable or AgreementVersion.objects.get_in_force(now)
    if agreement is None:
        return None
    facts = get_payout_facts(affiliate, now)
    close = get_next_close(agreement, facts.last_close, now)
    unsettled = get_unsettled_amounts(affiliate, close.month)
    balance = -facts.payable_sum or ZERO
    expected = balance + unsettled.due + facts.adjustments_sum
    eligibility = build_eligibility(facts)
    return PayoutForecast(
        now=now,
        agreement=agreement,
        close=close,
        is_program_open=facts.program_opened_at is not None,
        is_overdue=close.at <= now,
        balance=balance,
        unsettled=unsettled,
        adjustments=facts.adjustments_sum,
        expected=expected,
        requirements=list_requirements(eligibility, expected=expected, agreement=applicable, closes_at=close.at),
        eligibility=eligibility,
        applicable=applicable,
    )


def get_next_close(agreement: AgreementVersion, last: date | None, now: datetime) -> NextClose:
    """Return the close of the month after `last`, the last closed one; before the first close, the next due one."""
    zone = ZoneInfo(agreement.time_zone)
    month = build_period(get_next_month(last), zone) if last else _get_previous_month(find_period(now, zone), zone)
    while not last and get_automatic_close_time(month, agreement.close_day, zone) <= now:
        month = build_period(get_next_month(month.first_day), zone)
    return NextClose(month, get_automatic_close_time(month, agreement.close_day, zone))


def find_next_close(now: datetime) -> NextClose | None:
    """Return the program's next close; None before the first agreement takes effect."""
    agreement = AgreementVersion.objects.get_in_force(now)
    last = Close.objects.order_by("-period").values_list("period", flat=True).first()
    return get_next_close(agreement, last, now) if agreement else None


def get_following_close(close: NextClose, agreement: AgreementVersion) -> NextClose:
    """Return the close of the month after that of `close`."""
    zone = ZoneInfo(agreement.time_zone)
    month = build_period(get_next_month(close.month.first_day), zone)
    return NextClose(month, get_automatic_close_time(month, agreement.close_day, zone))


def find_paying_close(
    eligibility: PayoutEligibility, *, expected: Decimal, agreement: AgreementVersion | None, close: NextClose
) -> NextClose | None:
    """Return the first close from `close` on that nothing known today keeps from paying `expected`; None if there is none
    within a year, because something else than time has to pass."""
    if agreement is None:
        return None
    for _month in range(13):
        if not list_requirements(eligibility, expected=expected, agreement=agreement, closes_at=close.at):
            return close
        close = get_following_close(close, agreement)
    return None


def get_settling_close(validates_at: datetime, upcoming: NextClose, agreement: AgreementVersion) -> NextClose:
    """Return the first close from `upcoming` on that can settle a commission validated at `validates_at`."""
    if validates_at < upcoming.month.ends_at:
        return upcoming
    zone = ZoneInfo(agreement.time_zone)
    month = find_period(validates_at, zone)
    return NextClose(month, get_automatic_close_time(month, agreement.close_day, zone))


def _get_previous_month(month: Period, zone: ZoneInfo) -> Period:
    return find_period(month.starts_at - timedelta(days=1), zone)


# The amount due is the total earned less the rest, so that only pending and held commissions of a few months are read.
# Pending ones are those validated later and those without a date, apart: an index finds no alternative.
HELD = "SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL"
_UNSETTLED = "NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)"
UNSETTLED_AMOUNTS = f"""
    WITH mine AS NOT MATERIALIZED (SELECT * FROM payouts_commission WHERE affiliate_id = %(affiliate)s)
    SELECT {TOTAL_EARNED},
           (SELECT COALESCE(SUM(settled), 0) FROM payouts_statement WHERE affiliate_id = %(affiliate)s),
           (SELECT COALESCE(SUM(amount), 0)
              FROM (SELECT amount FROM mine WHERE validates_at >= %(ends_at)s AND {_UNSETTLED}
                     UNION ALL SELECT amount FROM mine WHERE validates_at IS NULL AND {_UNSETTLED}) later)
         - (SELECT COALESCE(SUM(amount), 0) FROM mine
             WHERE (validates_at >= %(ends_at)s OR validates_at IS NULL) AND {_UNSETTLED} AND line_id IN ({HELD})),
           (SELECT COALESCE(SUM(rest), 0)
              FROM (SELECT amount - (SELECT COALESCE(SUM(amount), 0) FROM payouts_statementline
                                      WHERE commission_id = mine.line_id) AS rest
                      FROM mine
                     WHERE line_id IN ({HELD})) held
             WHERE rest > 0)
"""  # noqa: S608


def get_unsettled_amounts(affiliate: Affiliate, month: Period) -> UnsettledAmounts:
    """Return what the close of `month` would settle, and would not, of today's commissions (specification 6.1)."""
    with connection.cursor() as cursor:
        cursor.execute(UNSETTLED_AMOUNTS, {"affiliate": affiliate.pk, "ends_at": month.ends_at})
        return build_unsettled_amounts(*cursor.fetchone())


def build_unsettled_amounts(earned: Decimal, settled: Decimal, pending: Decimal, held: Decimal) -> UnsettledAmounts:
    """Return the amounts that UNSETTLED_AMOUNTS has found."""
    return UnsettledAmounts(earned - settled - pending - held, pending, held)


def is_final(eligibility: PayoutEligibility, closes_at: datetime) -> bool:
    """Return whether the payout threshold no longer applies: after a termination, or the end of a notice or of the
    program (specification 6.3)."""
    ends_at = eligibility.ends_at
    return eligibility.state == State.TERMINATED or (ends_at is not None and ends_at <= closes_at)


def list_requirements(
    eligibility: PayoutEligibility, *, expected: Decimal, agreement: AgreementVersion | None, closes_at: datetime
) -> list[PayoutRequirement]:
    """Return why the next close would carry `expected` over (specification 6.3); empty if it would pay."""
    if agreement is None:
        return [PayoutRequirement(_("No agreement that you have accepted is in effect."), "")]

    def build_requirement(text: str, rule: Rule, address: str = "") -> PayoutRequirement:
        return PayoutRequirement(text, get_clause_number(agreement.pk, rule), address)

    requirements = [
        build_requirement(text, rule)
        for text, rule in _find_balance_reasons(eligibility, expected, agreement, closes_at)
    ]
    if eligibility.state == State.SUSPENDED:
        text = _("You are suspended. Nothing is paid out until you are reinstated.")
        requirements.append(build_requirement(text, Rule.SUSPENSION))
    details_usable_from = eligibility.get_details_usable_from(agreement.payout_details_hold_days)
    if details_usable_from is None:
        requirements.append(
            build_requirement(_("Payout details are missing."), Rule.PAYOUT_DETAILS, reverse("payouts:details"))
        )
    elif details_usable_from > closes_at:
        usable_from = format_datetime(details_usable_from, eligibility.time_zone)
        text = _("Your payout details were changed. They can be used from %s.") % usable_from
        requirements.append(build_requirement(text, Rule.PAYOUT_DETAILS_HOLD_DAYS))
    if eligibility.email_hold_ends_at is not None and eligibility.email_hold_ends_at > closes_at:
        ends_at = format_datetime(eligibility.email_hold_ends_at, eligibility.time_zone)
        text = _("Your e-mail address was changed. Payouts can start again from %s.") % ends_at
        requirements.append(build_requirement(text, Rule.PAYOUT_DETAILS_HOLD_DAYS))
    if eligibility.hold_reason:
        text = _("Your payouts are on hold: %s") % eligibility.hold_reason
        requirements.append(build_requirement(text, Rule.PAYOUT_HOLD))
    return requirements


def _find_balance_reasons(
    eligibility: PayoutEligibility, expected: Decimal, agreement: AgreementVersion, closes_at: datetime
) -> Iterator[tuple[str, Rule]]:
    """Yield why the balance itself keeps a close from paying it, with the rule."""
    if expected < 0:
        yield _("The balance is negative; it is offset against your future commissions."), Rule.NEGATIVE_BALANCE
    elif expected < agreement.payout_minimum and not is_final(eligibility, closes_at):
        # A no-break space keeps the amount and its currency on one line.
        missing = format_money(agreement.payout_minimum - expected, agreement.currency).replace(" ", "\u00a0")
        yield _("%s more to reach the payout threshold.") % missing, Rule.PAYOUT_MINIMUM
    elif expected == 0:
        yield _("The balance is 0.00, so there is nothing to pay."), Rule.CARRY_OVER
