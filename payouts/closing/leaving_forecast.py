"""What the closes pay to an affiliate who would leave now (specification 6.3, 8)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from affiliates.models import Affiliate, State
from payouts.closing.payout_forecast import (
    NextClose,
    PayoutForecast,
    find_paying_close,
    get_following_close,
    get_payout_forecast,
    list_requirements,
)


class LeavingForecast(NamedTuple):
    """The forecast of the next close after leaving, and two later closes.

    `paying` is the first close that nothing known today keeps from paying the balance, None if there is none; `final` is
    the first close after the end of the notice, from which on any positive balance is paid.
    """

    next: PayoutForecast
    paying: NextClose | None
    final: NextClose

    @property
    def is_negative(self) -> bool:
        return self.next.expected < Decimal(0)


def forecast_leaving(
    affiliate: Affiliate, *, leaves_at: datetime, ends_at: datetime, now: datetime
) -> LeavingForecast | None:
    """Forecast the payouts of `affiliate` if they left at `leaves_at`, with a notice until `ends_at`.

    None before any agreement.
    """
    forecast = get_payout_forecast(affiliate, now)
    if forecast is None:
        return None
    end = min(filter(None, (forecast.eligibility.ends_at, ends_at)))
    state = State.LEAVING if leaves_at <= max(forecast.close.at, now) else forecast.eligibility.state
    eligibility = forecast.eligibility._replace(state=state, ends_at=end)
    requirements = list_requirements(
        eligibility, expected=forecast.expected, agreement=forecast.applicable, closes_at=forecast.close.at
    )
    paying = find_paying_close(
        eligibility, expected=forecast.expected, agreement=forecast.applicable, close=forecast.close
    )
    final = forecast.close
    while final.at < end:
        final = get_following_close(final, forecast.agreement)
    return LeavingForecast(forecast._replace(eligibility=eligibility, requirements=requirements), paying, final)
