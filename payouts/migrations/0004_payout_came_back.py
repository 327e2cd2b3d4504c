"""Index for the failed payouts that wait for a decision, on the home of staff."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payouts", "0003_long_lists")]

    operations = [
        AddIndexConcurrently(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("returned_statement__isnull", True), ("state", "failed")),
                fields=["returned_at"],
                name="payout_came_back",
            ),
        ),
    ]
