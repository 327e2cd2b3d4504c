"""Mark the commissions that changed before there were marks; apart, so that the trigger's lock is gone by then."""

from django.db import migrations

MARK_CHANGED = """
    INSERT INTO payouts_changedcommission (commission_id, affiliate_id)
    SELECT commission.line_id, commission.affiliate_id
      FROM payouts_commission commission
      JOIN (SELECT commission_id, SUM(amount) AS amount FROM payouts_statementline GROUP BY commission_id) settled
        ON settled.commission_id = commission.line_id
     WHERE commission.amount <> settled.amount
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0006_changed_commissions")]

    operations = [migrations.RunSQL(MARK_CHANGED, migrations.RunSQL.noop)]
