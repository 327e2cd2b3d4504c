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
from agreements.clauses import clause_of
from agreements.models import Agreement, Program
from agreements.periods import Period, closes_itself_at, following, period, period_of
from agreements.rules import Rule
from agreements.under import agreement_of
from lib.formatting import moment, money
from lib.money import ZERO
from payouts.commissions.rollups import ALL_EARNED
from payouts.ledger import booking
from payouts.models import Adjustment, Close, PayoutHold
from payouts.payout_details import details


class NextClose(NamedTuple):
    """The month that is closed next, and when that happens by itself."""

    month: Period
    at: datetime


class Unsettled(NamedTuple):
    """What has not been on a statement: `due` at the next close, `pending` until later, `held` by a review."""

    due: Decimal
    pending: Decimal
    held: Decimal


class Wait(NamedTuple):
    """Something that the next payout waits for, with the clause that says so, and where something can be done about it."""

    text: str
    clause: str
    address: str = ""


class Means(NamedTuple):
    """What decides, besides the amount, whether an affiliate can be paid (CONTRACT 6.3)."""

    state: str
    notice_ends_at: datetime | None
    details_usable_from: datetime | None  # None without confirmed details
    held: str  # the reason of a hold on payouts
    time_zone: str


class NextPayout(NamedTuple):
    """`opened` is whether months close by themselves; `expected` is the balance after the close, in the program's currency."""

    now: datetime
    agreement: Agreement
    close: NextClose
    opened: bool
    overdue: bool
    expected: Decimal
    waits: list[Wait]


def of(affiliate: Affiliate, now: datetime) -> NextPayout | None:
    """What the next close would do for `affiliate`; None before there is any agreement."""
    mine = agreement_of(affiliate.pk, at=now)[0]
    agreement = mine or Agreement.objects.in_force(now)
    if agreement is None:
        return None
    close = next_close(agreement, Close.objects.order_by("-period").values_list("period", flat=True).first(), now)
    adjusted = Adjustment.objects.filter(affiliate=affiliate, state=Adjustment.State.APPROVED, statement=None)
    expected = (
        booking.balance(affiliate)
        + unsettled(affiliate, close.month).due
        + (adjusted.aggregate(sum=Sum("amount"))["sum"] or ZERO)
    )
    means = _means(affiliate, now)
    return NextPayout(
        now=now,
        agreement=agreement,
        close=close,
        opened=Program.objects.filter(opened_at__isnull=False).exists(),
        overdue=close.at <= now,
        expected=expected,
        waits=waits(means, expected=expected, agreement=mine, closes_at=close.at),
    )


def _means(affiliate: Affiliate, now: datetime) -> Means:
    entered = details.current(affiliate, now)
    hold = PayoutHold.objects.filter(affiliate=affiliate, released_at=None).first()
    return Means(
        state=affiliate.state,
        notice_ends_at=affiliate.notice_ends_at,
        details_usable_from=entered.usable_from if entered and entered.confirmed_at else None,
        held=hold.reason if hold else "",
        time_zone=affiliate.time_zone,
    )


def next_close(agreement: Agreement, last: date | None, now: datetime) -> NextClose:
    """The month after the `last` closed one; before the first close, the month whose close day comes next."""
    zone = ZoneInfo(agreement.time_zone)
    month = period(following(last), zone) if last else _month_before(period_of(now, zone), zone)
    while not last and closes_itself_at(month, agreement.close_day, zone) <= now:
        month = period(following(month.first_day), zone)
    return NextClose(month, closes_itself_at(month, agreement.close_day, zone))


def close_that_posts(validates_at: datetime, upcoming: NextClose, agreement: Agreement) -> NextClose:
    """The first close that can post a commission validated at `validates_at`: that of its month, else the `upcoming` one."""
    if validates_at < upcoming.month.ends_at:
        return upcoming
    zone = ZoneInfo(agreement.time_zone)
    month = period_of(validates_at, zone)
    return NextClose(month, closes_itself_at(month, agreement.close_day, zone))


def _month_before(month: Period, zone: ZoneInfo) -> Period:
    return period_of(month.starts_at - timedelta(days=1), zone)


# What is due is the rest of all that was earned: only what waits is looked at row by row, which a few months bound.
_HELD = "SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL"
_LATER = """
    (validates_at >= %(ends_at)s OR validates_at IS NULL)
    AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
"""
_UNSETTLED = f"""
    WITH mine AS NOT MATERIALIZED (SELECT * FROM payouts_commission WHERE affiliate_id = %(affiliate)s)
    SELECT {ALL_EARNED},
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


def unsettled(affiliate: Affiliate, month: Period) -> Unsettled:
    """What the close of `month` would post by today's commissions, and what waits beyond it (CONTRACT 6.1)."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSETTLED, {"affiliate": affiliate.pk, "ends_at": month.ends_at})
        earned, posted, pending, held = cursor.fetchone()
    return Unsettled(earned - posted - pending - held, pending, held)


def is_final(means: Means, closes_at: datetime) -> bool:
    """Whether the minimum no longer counts: after a termination, and after a leaving affiliate's notice (CONTRACT 6.3)."""
    if means.state == State.LEAVING:
        return means.notice_ends_at is not None and means.notice_ends_at <= closes_at
    return means.state == State.TERMINATED


def waits(means: Means, *, expected: Decimal, agreement: Agreement | None, closes_at: datetime) -> list[Wait]:
    """Why the next close would carry `expected` over, as things stand (CONTRACT 6.3); empty where it would pay."""
    if agreement is None:
        return [Wait(_("You are under no accepted version of the agreement."), "")]

    def because(text: str, rule: Rule, address: str = "") -> Wait:
        return Wait(text, clause_of(agreement.pk, rule), address)

    found = []
    if expected < 0:
        found.append(
            because(_("The balance is below zero; it is set off against what you earn later."), Rule.NEGATIVE_BALANCE)
        )
    elif expected < agreement.payout_minimum and not is_final(means, closes_at):
        # A no-break space, so that a line never parts an amount from its currency.
        missing = money(agreement.payout_minimum - expected, agreement.currency).replace(" ", "\u00a0")
        found.append(because(_("%s more until the payout minimum.") % missing, Rule.PAYOUT_MINIMUM))
    if means.state == State.SUSPENDED:
        found.append(because(_("You are suspended: nothing is paid out meanwhile."), Rule.SUSPENSION))
    if means.details_usable_from is None:
        found.append(because(_("Payout details are missing."), Rule.PAYOUT_DETAILS, reverse("payouts:details")))
    elif means.details_usable_from > closes_at:
        text = _("Your payout details were changed: they can be used from %s.")
        usable = moment(means.details_usable_from, means.time_zone)
        found.append(because(text % usable, Rule.PAYOUT_DETAILS_HOLD_DAYS))
    if means.held:
        found.append(because(_("Your payouts are on hold: %s") % means.held, Rule.PAYOUT_HOLD))
    return found
