"""What the confirmation of a notice, a suspension or their end shows: who, what ends when, and each sum of money."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.admin_fields import list_affiliate_facts
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from agreements.periods import find_period, get_automatic_close_time
from agreements.program_currency import get_program_currency
from compliance import review_money
from compliance.deadlines import add_days
from compliance.grounds import get_review_title
from compliance.models import Review, TerminationNotice
from compliance.offboarding import termination
from lib.admin.confirmation import Fact
from lib.formatting import format_date, format_money
from lib.money import ZERO
from payouts.closing.payout_forecast import find_next_close, get_unsettled_amounts
from payouts.ledger import booking
from payouts.models import Payout, PayoutHold


def list_notice_facts(affiliate: Affiliate) -> list[Fact]:
    """Return who gets notice, what ends when, and which money is paid when, or held."""
    now = timezone.now()
    version = _find_version(affiliate, now)
    facts = list_affiliate_facts(affiliate)
    if version is not None:
        facts += _list_end_facts(version, add_days(now, version.termination_notice_days))
    return [*facts, *_list_money_facts(affiliate, now)]


def list_revocation_facts(notice: TerminationNotice) -> list[Fact]:
    """Return whose notice is revoked, and what no longer happens."""
    given = _("given on %(given)s by %(by)s: %(reason)s") % {
        "given": format_date(notice.given_at),
        "by": notice.given_by or _("a scheduled task"),
        "reason": notice.reason,
    }
    return [
        *list_affiliate_facts(notice.affiliate),
        Fact(gettext_lazy("Notice"), given),
        Fact(
            gettext_lazy("Afterwards"),
            _("The agreement does not end on %(day)s. Links, coupons and payouts go on as before.")
            % {"day": format_date(notice.takes_effect_at)},
        ),
    ]


def list_running_notice_facts(affiliate: Affiliate) -> list[Fact]:
    """Return what the revocation of the running notice of `affiliate` undoes."""
    notice = termination.find_running_notice(affiliate)
    return list_revocation_facts(notice) if notice else list_affiliate_facts(affiliate)


def list_suspension_facts(affiliate: Affiliate) -> list[Fact]:
    """Return who is suspended, and which money is not paid until they are reinstated."""
    return [*list_affiliate_facts(affiliate), *_list_money_facts(affiliate, timezone.now())]


def _find_version(affiliate: Affiliate, now: datetime) -> AgreementVersion | None:
    return get_applicable_version(affiliate.pk, at=now)[0] or AgreementVersion.objects.get_in_force(now)


class ProgramEndTimes(NamedTuple):
    """Days that follow from an end of the program at `ends_at`, in the version's time zone."""

    ends_on: str
    last_orders: str
    last_validations: str
    last_payouts: str


def compute_end_times(version: AgreementVersion, ends_at: datetime) -> ProgramEndTimes:
    """Return when the last orders count, are validated if they complete at once, and are settled by a close."""
    zone = ZoneInfo(version.time_zone)
    last_order = add_days(ends_at, version.attribution_days)
    validated_at = add_days(last_order, version.validation_days)
    # A close settles what was validated before the end of its month.
    month = find_period(validated_at, zone)
    close_at = get_automatic_close_time(month, version.close_day, zone)
    return ProgramEndTimes(*(_format_day(at, zone) for at in (ends_at, last_order, validated_at, close_at)))


def _list_end_facts(version: AgreementVersion, ends_at: datetime) -> list[Fact]:
    # Days alone: what is confirmed in the second step must be what the first one showed.
    zone = ZoneInfo(version.time_zone)
    values = {"day": _format_day(ends_at, zone), "days": _count_days(version.termination_notice_days)}
    final = _find_close_after(ends_at, version.close_day, zone)
    return [
        Fact(gettext_lazy("Agreement ends"), _("%(day)s (%(days)s, %(version)s)") % {**values, "version": version}),
        Fact(
            gettext_lazy("Links and coupons"),
            _("Clicks, and orders with a coupon, count until %(day)s; orders after a click, within %(attribution)s.")
            % {**values, "attribution": _count_days(version.attribution_days)},
        ),
        Fact(
            gettext_lazy("Last payouts"),
            _("From the close of %(close)s on, each close pays a positive balance, whatever the amount.")
            % {"close": _format_day(final, zone)},
        ),
    ]


def _count_days(count: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", count) % {"days": count}


def _find_close_after(moment: datetime, close_day: int, zone: ZoneInfo) -> datetime:
    """Return the time of the first scheduled close at or after `moment`."""
    month = find_period(moment, zone)
    previous = find_period(month.starts_at - timedelta(days=1), zone)
    at = get_automatic_close_time(previous, close_day, zone)
    return at if at >= moment else get_automatic_close_time(month, close_day, zone)


def _format_day(at: datetime, zone: ZoneInfo) -> str:
    return format_date(at.astimezone(zone).date())


def _list_money_facts(affiliate: Affiliate, now: datetime) -> Iterator[Fact]:
    """Yield the balance, what the next close and later ones settle, what is held and by what, and what is under way."""
    currency, close = get_program_currency(), find_next_close(now)
    yield Fact(gettext_lazy("Balance"), format_money(booking.get_balance(affiliate), currency))
    if close is not None:
        amounts = get_unsettled_amounts(affiliate, close.month)
        yield Fact(
            gettext_lazy("Commissions settled by the next close"),
            _("%(amount)s, on %(day)s")
            % {"amount": format_money(amounts.due, currency), "day": _format_day(close.at, ZoneInfo("UTC"))},
        )
        yield Fact(
            gettext_lazy("Commissions settled by later closes"),
            _("%(amount)s, as orders complete and holding periods end")
            % {"amount": format_money(amounts.pending, currency)},
        )
        yield Fact(gettext_lazy("Held, not paid"), _describe_held(affiliate, amounts.held, currency))
    under_way = affiliate.payouts.filter(state__in=Payout.UNDER_WAY).aggregate(sum=Sum("amount"))["sum"] or ZERO
    if under_way:
        yield Fact(gettext_lazy("Payouts under way, not affected"), format_money(under_way, currency))


def _describe_held(affiliate: Affiliate, held: Decimal, currency: str) -> str:
    """Return the sum that is held, the reviews that hold it, and whether all payouts are held."""
    sentences = [format_money(held, currency)]
    for review in Review.objects.for_affiliate(affiliate).open().order_by("opened_at"):
        amount = review_money.compute_held_amount(review)
        values = {
            "title": get_review_title(review),
            "amount": format_money(amount, currency),
            "state": review.get_state_display(),
            "day": format_date(review.appeal_decide_by or review.appeal_by or review.decide_by),
        }
        if amount:
            sentences.append(
                _(
                    "Review “%(title)s” (%(state)s, until %(day)s at the latest) holds %(amount)s; it is paid only if"
                    " the review releases it."
                )
                % values
            )
    holds = PayoutHold.objects.filter(affiliate=affiliate).active(timezone.now())
    sentences += [_("All payouts are held: %(reason)s") % {"reason": hold.reason} for hold in holds]
    return ". ".join((sentences[0], " ".join(sentences[1:]))) if sentences[1:] else sentences[0]
