"""Marks of commissions whose amount changed since the last close."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("affiliates", "0004_application_settings"), ("payouts", "0005_details_checked")]

    operations = [
        migrations.CreateModel(
            "ChangedCommission",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "affiliate",
                    models.ForeignKey(
                        "affiliates.affiliate", django.db.models.deletion.PROTECT, related_name="+",
                        db_constraint=False, db_index=False,
                    ),
                ),
                (
                    "commission",
                    models.ForeignKey(
                        "payouts.commission", django.db.models.deletion.PROTECT, related_name="+",
                        db_constraint=False, db_index=False,
                    ),
                ),
            ],
            options={
                "verbose_name": "changed commission",
                "default_permissions": (),
                "indexes": [models.Index(fields=["affiliate", "commission"], name="payouts_cha_affilia_dd62b8_idx")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='commission',
            trigger=pgtrigger.compiler.Trigger(name='mark_changed_amount', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.amount <> NEW.amount)', func='\n                    INSERT INTO payouts_changedcommission (commission_id, affiliate_id)\n                    VALUES (NEW.line_id, NEW.affiliate_id);\n                    RETURN NULL;\n                ', hash='80ff1ec09bad6862a9fd57a68e79abed29018e24', operation='UPDATE OF "amount"', pgid='pgtrigger_mark_changed_amount_8c7e3', table='payouts_commission', when='AFTER')),
        ),
    ]
