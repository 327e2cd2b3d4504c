"""Indexes for long lists, each in place of a narrower one: statements by month, and commissions with their amounts."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payouts", "0002_staff_lists")]

    operations = [
        AddIndexConcurrently(
            model_name="commission",
            index=models.Index(
                fields=["affiliate", "-placed_at", "-line"],
                include=["order", "amount", "base", "validates_at", "forfeited_at"],
                name="commission_sums",
            ),
        ),
        RemoveIndexConcurrently(model_name="commission", name="payouts_com_affilia_8aa726_idx"),
        migrations.AlterField(
            model_name="commission",
            name="affiliate",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=models.PROTECT,
                related_name="commissions",
                to="affiliates.affiliate",
            ),
        ),
        AddIndexConcurrently(
            model_name="statement",
            index=models.Index(fields=["close", "affiliate"], name="statement_close"),
        ),
        migrations.AlterField(
            model_name="statement",
            name="close",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=models.PROTECT,
                related_name="statements",
                to="payouts.close",
                verbose_name="month-end close",
            ),
        ),
    ]
