"""Index for the number of failed e-mails on the home of staff."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("mail", "0003_message_mail_unread")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(condition=models.Q(("state", "failed")), fields=["created_at"], name="mail_failed"),
        ),
    ]
