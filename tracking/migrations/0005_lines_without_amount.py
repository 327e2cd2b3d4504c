"""Index of the few order lines with no amount left, for counts of the orders that have one."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tracking", "0004_staff_lists")]

    operations = [
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(
                fields=["order"],
                condition=models.Q(refunded__gte=models.F("amount")),
                name="orderline_without_amount",
            ),
        ),
    ]
