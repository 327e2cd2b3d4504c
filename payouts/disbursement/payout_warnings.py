"""What whoever approves payouts should look at twice, by the same measures as the dry run of a close (CONTRACT 6)."""

from collections import defaultdict
from uuid import UUID

from django.conf import settings
from django.db import connection

from payouts.closing.dry_run import Unusual
from payouts.models import PayoutBatch
from payouts.payout_details import new_account_sql

_QUESTION = f"""
SELECT due.id, 'over_limit' FROM payouts_payout due WHERE due.batch_id = %(batch)s AND due.amount >= %(over)s
 UNION ALL
SELECT due.id, {new_account_sql.KIND}
  FROM payouts_payout due JOIN payouts_payoutdetails d ON d.id = due.details_id
 WHERE due.batch_id = %(batch)s AND {new_account_sql.NEVER_PAID_TO}
"""  # noqa: S608 -- constants of this room


def noticed(batch: PayoutBatch) -> dict[UUID, list[Unusual]]:
    """What is unusual of each payout of `batch`, the gravest first; payouts of which nothing is are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, {"batch": batch.pk, "over": settings.UNUSUAL_PAYOUT})
        kinds: dict[UUID, set[str]] = defaultdict(set)
        for pk, kind in cursor.fetchall():
            kinds[pk].add(kind)
    return {pk: [kind for kind in Unusual if kind in of] for pk, of in kinds.items()}
