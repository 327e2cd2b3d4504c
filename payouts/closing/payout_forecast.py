"""What the next close would do for one affiliate, as things stand: what it would post, pay out or carry over, and why."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.applicable_version import get_applicable_version
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion, Program
from agreements.periods import Period, build_period, find_period, get_automatic_close_time, get_next_month
from agreements.rules import Rule
from lib.formatting import format_datetime, format_money
from lib.money import ZERO
from payouts.commissions.rollups import TOTAL_EARNED
from payouts.ledger import booking
from payouts.models import Adjustment, Close, PayoutHold
from payouts.payout_details import details


class NextClose(NamedTuple):
    """The month that is closed next, and when that happens by itself."""

    month: Period
    at: datetime


class UnsettledAmounts(NamedTuple):
    """What has not been on a statement: `due` at the next close, `pending` until later, `held` by a review."""

    due: Decimal
    pending: Decimal
    held: Decimal


class PayoutRequirement(NamedTuple):
    """Something that the next payout waits for, with the clause that says so, and where something can be done about it."""

    text: str
    clause: str
    address: str = ""


class PayoutEligibility(NamedTuple):
    """What decides, besides the amount, whether an affiliate can be paid (CONTRACT 6.3)."""

    state: str
    notice_ends_at: datetime | None
    details_usable_from: datetime | None  # None without confirmed details
    hold_reason: str  # the reason of a hold on payouts
    time_zone: str


class PayoutForecast(NamedTuple):
    """`is_program_open` is whether months close by themselves; `expected` is the balance after the close, in the program's currency."""

    now: datetime
    agreement: AgreementVersion
    close: NextClose
    is_program_open: bool
    is_overdue: bool
    expected: Decimal
    requirements: list[PayoutRequirement]


def get_payout_forecast(affiliate: Affiliate, now: datetime) -> PayoutForecast | None:
    """What the next close would do for `affiliate`; None before there is any agreement."""
    mine = get_applicable_version(affiliate.pk, at=now)[0]
    agreement = mine or AgreementVersion.objects.get_in_force(now)
    if agreement is None:
        return None
    close = get_next_close(agreement, Close.objects.order_by("-period").values_list("period", flat=True).first(), now)
    adjusted = Adjustment.objects.filter(affiliate=affiliate, state=Adjustment.State.APPROVED, statement=None)
    expected = (
        booking.get_balance(affiliate)
        + get_unsettled_amounts(affiliate, close.month).due
        + (adjusted.aggregate(sum=Sum("amount"))["sum"] or ZERO)
    )
    means = _load_eligibility(affiliate, now)
    return PayoutForecast(
        now=now,
        agreement=agreement,
        close=close,
        is_program_open=Program.objects.filter(opened_at__isnull=False).exists(),
        is_overdue=close.at <= now,
        expected=expected,
        requirements=list_requirements(means, expected=expected, agreement=mine, closes_at=close.at),
    )


def _load_eligibility(affiliate: Affiliate, now: datetime) -> PayoutEligibility:
    entered = details.get_current_details(affiliate, now)
    hold = PayoutHold.objects.filter(affiliate=affiliate, released_at=None).first()
    return PayoutEligibility(
        state=affiliate.state,
        notice_ends_at=affiliate.notice_ends_at,
        details_usable_from=entered.usable_from if entered and entered.confirmed_at else None,
        hold_reason=hold.reason if hold else "",
        time_zone=affiliate.time_zone,
    )


def get_next_close(agreement: AgreementVersion, last: date | None, now: datetime) -> NextClose:
    """The month after the `last` closed one; before the first close, the month whose close day comes next."""
    zone = ZoneInfo(agreement.time_zone)
    month = build_period(get_next_month(last), zone) if last else _get_previous_month(find_period(now, zone), zone)
    while not last and get_automatic_close_time(month, agreement.close_day, zone) <= now:
        month = build_period(get_next_month(month.first_day), zone)
    return NextClose(month, get_automatic_close_time(month, agreement.close_day, zone))


def get_settling_close(validates_at: datetime, upcoming: NextClose, agreement: AgreementVersion) -> NextClose:
    """The first close that can post a commission validated at `validates_at`: that of its month, else the `upcoming` one."""
    if validates_at < upcoming.month.ends_at:
        return upcoming
    zone = ZoneInfo(agreement.time_zone)
    month = find_period(validates_at, zone)
    return NextClose(month, get_automatic_close_time(month, agreement.close_day, zone))


def _get_previous_month(month: Period, zone: ZoneInfo) -> Period:
    return find_period(month.starts_at - timedelta(days=1), zone)


# What is due is the rest of all that was earned: only what waits is looked at row by row, which a few months bound.
_HELD = "SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL"
_LATER = """
    (validates_at >= %(ends_at)s OR validates_at IS NULL)
    AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
"""
_UNSETTLED = f"""
    WITH mine AS NOT MATERIALIZED (SELECT * FROM payouts_commission WHERE affiliate_id = %(affiliate)s)
    SELECT {TOTAL_EARNED},
           (SELECT COALESCE(SUM(settled), 0) FROM payouts_statement WHERE affiliate_id = %(affiliate)s),
           (SELECT COALESCE(SUM(amount), 0) FROM mine WHERE {_LATER})
         - (SELECT COALESCE(SUM(amount), 0) FROM mine WHERE {_LATER} AND line_id IN ({_HELD})),
           (SELECT COALESCE(SUM(rest), 0)
              FROM (SELECT amount - (SELECT COALESCE(SUM(amount), 0) FROM payouts_statementline
                                      WHERE commission_id = mine.line_id) AS rest
                      FROM mine
                     WHERE line_id IN ({_HELD})) held
             WHERE rest > 0)
"""  # noqa: S608


def get_unsettled_amounts(affiliate: Affiliate, month: Period) -> UnsettledAmounts:
    """What the close of `month` would post by today's commissions, and what waits beyond it (CONTRACT 6.1)."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSETTLED, {"affiliate": affiliate.pk, "ends_at": month.ends_at})
        earned, posted, pending, held = cursor.fetchone()
    return UnsettledAmounts(earned - posted - pending - held, pending, held)


def is_final(means: PayoutEligibility, closes_at: datetime) -> bool:
    """Whether the minimum no longer counts: after a termination, and after a leaving affiliate's notice (CONTRACT 6.3)."""
    if means.state == State.LEAVING:
        return means.notice_ends_at is not None and means.notice_ends_at <= closes_at
    return means.state == State.TERMINATED


def list_requirements(
    means: PayoutEligibility, *, expected: Decimal, agreement: AgreementVersion | None, closes_at: datetime
) -> list[PayoutRequirement]:
    """Why the next close would carry `expected` over, as things stand (CONTRACT 6.3); empty where it would pay."""
    if agreement is None:
        return [PayoutRequirement(_("You are under no accepted version of the agreement."), "")]

    def because(text: str, rule: Rule, address: str = "") -> PayoutRequirement:
        return PayoutRequirement(text, get_clause_number(agreement.pk, rule), address)

    found = []
    if expected < 0:
        found.append(
            because(_("The balance is below zero; it is set off against what you earn later."), Rule.NEGATIVE_BALANCE)
        )
    elif expected < agreement.payout_minimum and not is_final(means, closes_at):
        # A no-break space, so that a line never parts an amount from its currency.
        missing = format_money(agreement.payout_minimum - expected, agreement.currency).replace(" ", "\u00a0")
        found.append(because(_("%s more until the payout minimum.") % missing, Rule.PAYOUT_MINIMUM))
    if means.state == State.SUSPENDED:
        found.append(because(_("You are suspended: nothing is paid out meanwhile."), Rule.SUSPENSION))
    if means.details_usable_from is None:
        found.append(because(_("Payout details are missing."), Rule.PAYOUT_DETAILS, reverse("payouts:details")))
    elif means.details_usable_from > closes_at:
        text = _("Your payout details were changed: they can be used from %s.")
        usable = format_datetime(means.details_usable_from, means.time_zone)
        found.append(because(text % usable, Rule.PAYOUT_DETAILS_HOLD_DAYS))
    if means.hold_reason:
        found.append(because(_("Your payouts are on hold: %s") % means.hold_reason, Rule.PAYOUT_HOLD))
    return found
