"""Which closes a hold on payouts misses, such as that after a change of payout details (specification 6.3)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from affiliates.models import Affiliate
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
    close = forecast.close
    # A close that is due runs at any moment.
    while max(close.at, forecast.now) < usable_from:
        close = get_following_close(close, forecast.agreement)
    missed = Decimal("0.00") if forecast.requirements else forecast.expected
    return PayoutDelay(forecast.close, close, usable_from, missed, forecast.is_program_open)


def list_payouts_under_way(affiliate: Affiliate) -> list[Payout]:
    """Return the payouts that left the balance and are not known to have arrived; each keeps its account."""
    rows = Payout.objects.for_affiliate(affiliate).filter(state__in=Payout.UNDER_WAY)
    return list(rows.select_related("details").order_by("created_at", "pk"))
