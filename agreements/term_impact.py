"""What a version of the agreement means for an affiliate in money."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from agreements.models import AgreementVersion

LOOKBACK_DAYS = 90
LOOKBACK_MONTHS = 3


class TermImpact(NamedTuple):
    """An average month's commission over the last 90 days, to the cent: what it was, and what it would have been."""

    actual: Decimal
    projected: Decimal


ImpactReader = Callable[[AgreementVersion, Collection[UUID]], Mapping[UUID, TermImpact]]
"""Return the impact of a version on each of the affiliates; an affiliate without an order is left out."""


def no_impact(_version: AgreementVersion, _affiliate_ids: Collection[UUID]) -> Mapping[UUID, TermImpact]:
    """Return no impact, for a program that has no orders yet."""
    return {}
