"""Payout details, encrypted and masked, and holds on payouts (specification 6). Each change of details adds a row."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from affiliates.models import Affiliate
from lib.ids import uuid7


class PayoutDetails(models.Model):
    """Payout details of an affiliate; the newest row applies."""

    class Method(models.TextChoices):
        PAYPAL = "paypal", _("PayPal")
        SEPA = "sepa", _("SEPA transfer")
        BANK = "bank", _("bank transfer")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="payout_details")
    method = models.CharField(_("method"), max_length=10, choices=Method)
    holder = models.CharField(_("account holder"), max_length=200)
    # Of the account; empty for PayPal.
    country = CountryField(_("country of the account"), blank=True)
    # Fernet ciphertext of the address, the IBAN, or account, bank code and country.
    encrypted = models.TextField()
    masked = models.CharField(_("account"), max_length=64)
    # Keyed hash, which finds affiliates with the same account without decrypting it.
    fingerprint = models.CharField(max_length=64, db_index=True)
    entered_at = models.DateTimeField(_("entered"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # Such as "affiliate, password entered again" or "retailer, at import".
    confirmation = models.CharField(_("confirmed by"), max_length=100)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    # When the affiliate last said that the details are right, after a payout to them came back.
    checked_at = models.DateTimeField(null=True)
    # From when `payout_details_hold_days` count; empty for details without a hold. A close reads the days of the version
    # that applies to the affiliate then (specification 2), and `usable_from` is the end that they gave at the entry.
    held_since = models.DateTimeField(null=True)
    usable_from = models.DateTimeField(_("usable from"))

    class Meta:
        verbose_name = _("payout details")
        verbose_name_plural = _("payout details")
        ordering: ClassVar = ["-entered_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["affiliate", "-entered_at"])]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.masked}"

    def is_abroad(self) -> bool:
        """Return whether the account is in another country than its affiliate."""
        return bool(self.country) and self.country != self.affiliate.country

    def get_usable_from(self, hold_days: int) -> datetime:
        """Return from when payouts can go to this account under a version with these `payout_details_hold_days`."""
        return self.held_since + timedelta(days=hold_days) if self.held_since else self.usable_from


class PayoutHoldQuerySet(models.QuerySet["PayoutHold"]):
    def active(self, at: datetime) -> Self:
        """Return the holds that are neither released nor over at `at`."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at), released_at=None)

    def until_release(self) -> Self:
        """Return the holds that last until staff release them."""
        return self.filter(ends_at=None, released_at=None)

    def after_email_change(self, at: datetime) -> Self:
        """Return the holds after a change of the e-mail address, the only ones with an end, that are active at `at`."""
        return self.filter(ends_at__gt=at, released_at=None)


class PayoutHold(models.Model):
    """A hold on all payouts of an affiliate, with a reason that the affiliate sees."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="payout_holds")
    reason = models.TextField(_("reason"))
    source = models.CharField(max_length=100, blank=True)
    placed_at = models.DateTimeField(_("placed"))
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # Of the hold after a change of the e-mail address; any other lasts until it is released.
    ends_at = models.DateTimeField(_("ends"), null=True)
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = PayoutHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout hold")
        verbose_name_plural = _("payout holds")
        permissions: ClassVar = [("release_payouthold", _("Can place and release payout holds"))]
        ordering: ClassVar = ["-placed_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["affiliate", "source"], condition=Q(released_at__isnull=True), name="one_payout_hold_per_source"
            )
        ]

    def __str__(self) -> str:
        return self.reason
