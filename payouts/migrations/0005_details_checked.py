"""When an affiliate said that payout details are right although a payout to them came back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_payout_came_back")]

    operations = [migrations.AddField("payoutdetails", "checked_at", models.DateTimeField(null=True))]
