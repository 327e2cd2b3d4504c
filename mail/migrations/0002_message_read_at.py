from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """E-mails from before the page of notifications existed count as read: they get the time of the migration."""

    dependencies = [
        ('mail', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='read_at',
            field=models.DateTimeField(db_default=Now(), null=True),
        ),
        migrations.AlterField(
            model_name='message',
            name='read_at',
            field=models.DateTimeField(null=True),
        ),
    ]
