"""What whoever approves payouts should look at twice, by the same measures as the dry run of a close (CONTRACT 6)."""

from collections import defaultdict
from uuid import UUID

from django.conf import settings
from django.db import connection

from payouts.models import PayoutBatch
from payouts.preview import Unusual

# An account that was entered again is not a changed one: the fingerprint is the account's.
_QUESTION = """
SELECT p.id, 'over_limit' FROM payouts_payout p WHERE p.batch_id = %(batch)s AND p.amount >= %(over)s
 UNION ALL
SELECT p.id, CASE WHEN EXISTS (SELECT 1 FROM payouts_payoutdetails other
                                WHERE other.affiliate_id = p.affiliate_id AND other.fingerprint <> d.fingerprint)
                  THEN 'changed_details' ELSE 'first_payout' END
  FROM payouts_payout p JOIN payouts_payoutdetails d ON d.id = p.details_id
 WHERE p.batch_id = %(batch)s AND NOT EXISTS (
       SELECT 1 FROM payouts_payout earlier JOIN payouts_payoutdetails used ON used.id = earlier.details_id
        WHERE earlier.affiliate_id = p.affiliate_id AND used.fingerprint = d.fingerprint
          AND earlier.created_at < p.created_at AND earlier.state NOT IN ('cancelled', 'failed'))
"""


def noticed(batch: PayoutBatch) -> dict[UUID, list[Unusual]]:
    """What is unusual of each payout of `batch`, the gravest first; payouts of which nothing is are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, {"batch": batch.pk, "over": settings.UNUSUAL_PAYOUT})
        kinds: dict[UUID, set[str]] = defaultdict(set)
        for pk, kind in cursor.fetchall():
            kinds[pk].add(kind)
    return {pk: [kind for kind in Unusual if kind in of] for pk, of in kinds.items()}
