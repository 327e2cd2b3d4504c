"""Name the month-end close as pages do; index for the payouts without a result on the home of staff."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payouts", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="close",
            options={
                "ordering": ["-period"],
                "permissions": [
                    ("close_month", "Can close a month manually"),
                    ("open_program", "Can open the program"),
                ],
                "verbose_name": "month-end close",
            },
        ),
        migrations.AlterField(
            model_name="closeexception",
            name="close",
            field=models.ForeignKey(
                on_delete=models.PROTECT, related_name="exceptions", to="payouts.close", verbose_name="month-end close"
            ),
        ),
        migrations.AlterField(
            model_name="payoutbatch",
            name="close",
            field=models.ForeignKey(
                null=True,
                on_delete=models.PROTECT,
                related_name="batches",
                to="payouts.close",
                verbose_name="month-end close",
            ),
        ),
        migrations.AlterField(
            model_name="statement",
            name="close",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=models.PROTECT,
                related_name="statements",
                to="payouts.close",
                verbose_name="month-end close",
            ),
        ),
        AddIndexConcurrently(
            model_name="payout",
            index=models.Index(condition=models.Q(("state", "sent")), fields=["sent_at"], name="payout_without_result"),
        ),
        AddIndexConcurrently(
            model_name="ledgertransaction",
            index=models.Index(fields=["at"], name="ledger_at"),
        ),
    ]
