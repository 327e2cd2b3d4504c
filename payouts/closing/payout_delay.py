"""Which closes a hold on payouts misses, such as that after a change of payout details (specification 6.3)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from agreements.periods import format_program_day
from payouts.closing.payout_forecast import NextClose, PayoutForecast, get_following_close
from payouts.models import Payout


class PayoutDelay(NamedTuple):
    """A hold until `usable_from`: the next close, and the first that can pay after the hold.

    `missed` is what the next close would pay without the hold, 0.00 if it would pay nothing.
    """

    next_close: NextClose
    first_close: NextClose
    usable_from: datetime
    missed: Decimal
    is_program_open: bool

    @property
    def is_late(self) -> bool:
        """Return whether the hold outlasts the next close."""
        return self.first_close != self.next_close


def find_delay(forecast: PayoutForecast | None, usable_from: datetime) -> PayoutDelay | None:
    """Return what a hold until `usable_from` means for the closes; None before the first agreement takes effect."""
    if forecast is None:
        return None
    close = find_close_after(usable_from, forecast.close, forecast.agreement, forecast.now)
    missed = Decimal("0.00") if forecast.requirements else forecast.expected
    return PayoutDelay(forecast.close, close, usable_from, missed, forecast.is_program_open)


def find_close_after(usable_from: datetime, close: NextClose, agreement: AgreementVersion, now: datetime) -> NextClose:
    """Return the first close from `close`, the next one, that runs at `usable_from` or later."""
    # A close that is due runs at any moment.
    while max(close.at, now) < usable_from:
        close = get_following_close(close, agreement)
    return close


def explain_outdated(forecast: PayoutForecast | None) -> str:
    """Return why a payout is not sent that was prepared for a former account, and which close can pay again."""
    text = _(
        "You changed your payout details, so it can't be sent. Staff take it out, and its amount goes back to your"
        " balance."
    )
    close = _find_first_close(forecast)
    if close is None:
        return f"{text} {_('A close that can pay to the new account pays it.')}"
    words = _("The first close that can pay to the new account is that on %(day)s.")
    return f"{text} {words % {'day': format_program_day(close.at)}}"


def _find_first_close(forecast: PayoutForecast | None) -> NextClose | None:
    if forecast is None or not forecast.is_program_open:
        return None
    eligibility = forecast.eligibility
    usable_from = eligibility.get_details_usable_from(forecast.agreement.payout_details_hold_days)
    ends = (usable_from, eligibility.email_hold_ends_at, forecast.now)
    delay = find_delay(forecast, max(filter(None, ends)))
    return delay.first_close if delay else None


def list_payouts_under_way(affiliate: Affiliate) -> list[Payout]:
    """Return the payouts that left the balance and are not known to have arrived; each keeps its account.

    The rows have `is_outdated`.
    """
    rows = Payout.objects.for_affiliate(affiliate).filter(state__in=Payout.UNDER_WAY)
    return list(rows.select_related("details").with_outdated().order_by("created_at", "pk"))
