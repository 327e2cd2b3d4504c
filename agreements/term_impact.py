"""The effect of a version on an affiliate's earnings."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from agreements.models import AgreementVersion

LOOKBACK_DAYS = 90
LOOKBACK_MONTHS = 3


class TermImpact(NamedTuple):
    """An average month's commission over the last 90 days, to the cent: actual, and under the version."""

    actual: Decimal
    projected: Decimal


ImpactReader = Callable[[AgreementVersion, Collection[UUID]], Mapping[UUID, TermImpact]]
"""Returns {affiliate id: impact of the version}, without affiliates who had no orders."""


def no_impact(_version: AgreementVersion, _affiliate_ids: Collection[UUID]) -> Mapping[UUID, TermImpact]:
    """Return no impact, for a program that has no orders yet."""
    return {}
