"""Losses of click records also say what was recorded late, and which spool they come from."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0003_rollups")]

    operations = [
        migrations.AddField(
            model_name="clickloss",
            name="late",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="recorded late"),
        ),
        migrations.AddField(
            model_name="clickloss",
            name="source",
            field=models.CharField(editable=False, max_length=200, null=True, unique=True),
        ),
        migrations.AlterField(
            model_name="clickloss",
            name="recorded_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="noted"),
        ),
    ]
