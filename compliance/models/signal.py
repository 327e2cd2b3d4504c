"""Signals and abuse reports: evidence of a possible breach, for staff to review or dismiss (specification 8)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from compliance.models.review import Review
from lib.ids import uuid7


class Signal(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")
        REVIEWED = "reviewed", _("under review")
        DISMISSED = "dismissed", _("dismissed")

    class Kind(models.TextChoices):
        ABUSE_REPORT = "abuse_report", _("abuse report from the public")
        SAME_PAYOUT_DETAILS = "same_payout_details", _("two affiliates with the same payout details")
        SELF_PURCHASE = "self_purchase", _("self-purchase")
        CLICK_FLOODING = "click_flooding", _("click flooding")
        QUICK_ORDERS = "quick_orders", _("orders placed too soon after the click")
        CONVERSION = "conversion", _("conversion rate out of range")
        UNDECLARED_SITES = "undeclared_sites", _("clicks from undeclared sites")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, null=True, related_name="signals")
    kind = models.CharField(_("kind"), max_length=40, choices=Kind)
    evidence = models.JSONField(_("evidence"), default=dict)
    raised_at = models.DateTimeField(_("raised"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="signals")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("signal")
        ordering: ClassVar = ["-raised_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["affiliate", "kind"],
                condition=Q(state="open") & ~Q(kind="abuse_report"),
                name="unique_open_signal_per_kind",
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def description(self) -> str:
        """Return what the affiliate reads about the signal in a review: its kind, never who reported it."""
        return self.get_kind_display()


class AbuseReport(models.Model):
    """A report by a member of the public about how an affiliate promotes the shop."""

    signal = models.OneToOneField(Signal, models.PROTECT, primary_key=True, related_name="report")
    page_url = models.URLField(_("page"), max_length=500, blank=True)
    link_or_coupon = models.CharField(_("link or coupon"), max_length=200, blank=True)
    text = models.TextField(_("what happened"))
    email = models.EmailField(_("e-mail of the reporter"), blank=True)

    class Meta:
        verbose_name = _("abuse report")
        ordering: ClassVar = ["-signal_id"]

    def __str__(self) -> str:
        return self.page_url or self.link_or_coupon or self.text[:60]
