"""What a version of the agreement means for affiliates in money, as its notice says (CONTRACT 10)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from agreements.meaning import MONTHS, Meaning
from agreements.models import Agreement
from payouts import rehearsal
from payouts.rounding import to_cents


def meaning(
    agreement: Agreement, since: datetime, until: datetime, affiliate_ids: Collection[UUID]
) -> Mapping[UUID, Meaning]:
    """For each affiliate with an order of these three months: a month's commission then, and under `agreement`.

    A mean, rounded for the eye alone: nothing is posted by it.
    """
    found = rehearsal.by_affiliate(agreement=agreement, since=since, until=until, affiliate_ids=affiliate_ids)
    return {pk: Meaning(to_cents(was / MONTHS), to_cents(becomes / MONTHS)) for pk, (was, becomes) in found.items()}
