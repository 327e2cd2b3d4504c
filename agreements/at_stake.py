"""What an affiliate has earned so far, shown to whoever is asked to stay or go: the ledger stands above this room, so it
offers itself here."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from affiliates.models import Affiliate


class AtStake(NamedTuple):
    """In the program's currency: the balance, and what commissions are worth beyond what closes have settled of them."""

    balance: Decimal
    unsettled: Decimal


Teller = Callable[[Affiliate], AtStake]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """Offer the one that knows; called by the AppConfig of the payouts."""
    _tellers[:] = [teller]


def of(affiliate: Affiliate) -> AtStake | None:
    return next((teller(affiliate) for teller in _tellers), None)
