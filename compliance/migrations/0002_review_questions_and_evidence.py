"""Questions and answers, holds and addresses of the evidence in reviews."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("compliance", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="review",
            name="evidence_addresses",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="addresses of the evidence"),
        ),
        migrations.AlterField(
            model_name="reviewevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signal", "signal"),
                    ("notice", "notice"),
                    ("reply", "reply"),
                    ("question", "question of staff"),
                    ("answer", "answer to the question"),
                    ("note", "private note"),
                    ("decision", "decision"),
                    ("appeal", "appeal"),
                    ("appeal_decision", "appeal decision"),
                    ("held", "money held"),
                    ("hold_released", "hold released"),
                    ("forfeited", "commissions forfeited"),
                    ("closed", "closed"),
                ],
                max_length=16,
                verbose_name="event",
            ),
        ),
    ]
