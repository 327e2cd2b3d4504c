"""What a version means for an affiliate in money: the commissions stand above this room, so they offer themselves here."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from agreements.models import Agreement

DAYS = 90
MONTHS = 3


class Meaning(NamedTuple):
    """A month's commission on average over the last 90 days: what it was, and what it would have been, to the cent."""

    was: Decimal
    becomes: Decimal


Teller = Callable[[Agreement, datetime, datetime, Collection[UUID]], Mapping[UUID, Meaning]]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Offer the one that works it out for a time and affiliates; called by the AppConfig of the payouts."""
    _tellers[:] = [teller]


def of(*, agreement: Agreement, affiliate_ids: Collection[UUID], now: datetime) -> Mapping[UUID, Meaning]:
    """What `agreement` would have meant for each of the affiliates on their last 90 days; who had no order is left out."""
    since = now - timedelta(days=DAYS)
    return next((teller(agreement, since, now, affiliate_ids) for teller in _tellers), {})


def of_one(*, agreement: Agreement, affiliate_id: UUID, now: datetime) -> Meaning | None:
    """`of` for one affiliate; None for who had no order in these days."""
    return of(agreement=agreement, affiliate_ids=[affiliate_id], now=now).get(affiliate_id)
