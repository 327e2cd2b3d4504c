"""Warnings about unusual payouts for their approver, by the thresholds of a dry run (specification 6)."""

from collections import defaultdict
from uuid import UUID

from django.conf import settings
from django.db import connection

from payouts.closing.dry_run import PayoutWarning
from payouts.models import PayoutBatch
from payouts.payout_details import new_account_sql

_QUERY = f"""
SELECT due.id, 'over_limit' FROM payouts_payout due WHERE due.batch_id = %(batch)s AND due.amount >= %(over)s
 UNION ALL
SELECT due.id, {new_account_sql.WARNING_CODE}
  FROM payouts_payout due JOIN payouts_payoutdetails d ON d.id = due.details_id
 WHERE due.batch_id = %(batch)s AND {new_account_sql.IS_NEW_ACCOUNT}
"""  # noqa: S608 -- constants of this package


def list_payout_warnings(batch: PayoutBatch) -> dict[UUID, list[PayoutWarning]]:
    """Return the warnings of each payout of `batch`, the gravest first; payouts without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"batch": batch.pk, "over": settings.UNUSUAL_PAYOUT})
        codes: dict[UUID, set[str]] = defaultdict(set)
        for pk, code in cursor.fetchall():
            codes[pk].add(code)
    return {pk: [warning for warning in PayoutWarning if warning in found] for pk, found in codes.items()}
