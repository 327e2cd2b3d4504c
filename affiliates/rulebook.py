"""Which clause of the agreement states a rule: the agreements stand above this room, so they offer themselves here."""

from collections.abc import Callable
from datetime import datetime

from affiliates.models import Affiliate

Namer = Callable[[Affiliate, str, datetime], str]
_namers: list[Namer] = []


def register(namer: Namer) -> None:
    """Offer the one that names clauses; called by the AppConfig of the agreements."""
    _namers[:] = [namer]


def clause(*, affiliate: Affiliate, rule: str, at: datetime) -> str:
    """The clause that states `rule` for `affiliate` at `at`, as "2.1 of version 1"; "" before there is an agreement."""
    return next((namer(affiliate, rule, at) for namer in _namers), "")
