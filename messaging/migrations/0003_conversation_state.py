"""The label of the state of a conversation that waits for no answer of staff."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("messaging", "0002_announcement_tags")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="conversation",
            name="state",
            field=models.CharField(
                choices=[("unread", "new"), ("read", "to answer"), ("answered", "nothing to answer")],
                max_length=10,
                verbose_name="state",
            ),
        ),
    ]
