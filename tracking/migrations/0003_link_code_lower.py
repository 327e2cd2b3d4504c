import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index that is built beside the writes to its table cannot be built in a transaction.
    atomic = False

    dependencies = [("tracking", "0002_own_names")]

    operations = [
        AddIndexConcurrently(
            model_name="link",
            index=models.Index(django.db.models.functions.text.Lower("code"), name="link_code_lower"),
        ),
    ]
