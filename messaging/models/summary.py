"""What the e-mails about new commissions and the weekly summary have sent so far (specification 10)."""

from typing import ClassVar

from django.db import models

from affiliates.models import Affiliate
from lib.ids import uuid7
from tracking.models import Order


class SaleSubscription(models.Model):
    """An affiliate who wants an e-mail for each new commission, off by default, and how many they got this hour."""

    affiliate = models.OneToOneField(Affiliate, models.PROTECT, primary_key=True, related_name="sale_subscription")
    since = models.DateTimeField()
    hour_started_at = models.DateTimeField(null=True)
    sent_this_hour = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.affiliate_id)


class SaleNotice(models.Model):
    """An order whose commission an e-mail has named. Kept for as long as the order could be named again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="+", db_index=False)
    noticed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["noticed_at"], name="sale_notice_age")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["affiliate", "order"], name="sale_noticed_once")]

    def __str__(self) -> str:
        return f"{self.affiliate_id} {self.order_id}"


class DigestRun(models.Model):
    """The weekly summaries of one week for the affiliates of one time zone, and how far they are sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The Monday on which they are sent; they are about the seven days before.
    monday = models.DateField()
    time_zone = models.CharField(max_length=50)
    # The last affiliate, by id, who was looked at. It is no foreign key, because it is about no one.
    done_until = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["monday", "time_zone"], name="digest_once_a_week")]

    def __str__(self) -> str:
        return f"{self.monday} {self.time_zone}"
