"""Index for the search by the beginning of a coupon code."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tracking", "0003_link_code_lower")]

    operations = [
        AddIndexConcurrently(
            model_name="coupon",
            index=models.Index(fields=["key"], name="coupon_key_start", opclasses=["varchar_pattern_ops"]),
        ),
    ]
