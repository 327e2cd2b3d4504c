from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="affiliate",
            options={
                "ordering": ["-applied_at", "-id"],
                "permissions": [("decide_application", "Can approve and reject applications")],
                "verbose_name": "affiliate",
            },
        ),
        migrations.AlterModelOptions(
            name="channel",
            options={
                "ordering": ["-added_at", "-id"],
                "permissions": [("decide_channel", "Can approve and reject channels")],
                "verbose_name": "channel",
            },
        ),
    ]
