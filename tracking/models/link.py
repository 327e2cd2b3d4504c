"""What an affiliate promotes with: tracking links and coupons."""

from typing import ClassVar, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.foreign_keys import build_no_delete_triggers
from lib.ids import uuid7


class LinkQuerySet(models.QuerySet["Link"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Link(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="links")
    code = models.CharField(
        _("code"), max_length=40, unique=True, validators=[RegexValidator(r"\A[A-Za-z0-9_-]{4,40}\Z")]
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    target = models.URLField(_("leads to"), max_length=2000)
    permitted_hosts = ArrayField(models.CharField(max_length=253), verbose_name=_("permitted hosts"))
    sub1 = models.CharField(_("sub-id 1"), max_length=100, blank=True)
    sub2 = models.CharField(_("sub-id 2"), max_length=100, blank=True)
    sub3 = models.CharField(_("sub-id 3"), max_length=100, blank=True)
    sub4 = models.CharField(_("sub-id 4"), max_length=100, blank=True)
    sub5 = models.CharField(_("sub-id 5"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("made"))
    # A paused link still redirects, untracked.
    paused_at = models.DateTimeField(_("paused"), null=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("tracking link")
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["affiliate", "-created_at"])]
        triggers: ClassVar = build_no_delete_triggers()

    def __str__(self) -> str:
        return self.name or self.code


class CouponQuerySet(models.QuerySet["Coupon"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Coupon(models.Model):
    """A coupon code that names an affiliate from a date on. Codes are compared without regard to case."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="coupons")
    code = models.CharField(_("code"), max_length=64, validators=[RegexValidator(r"\A[A-Za-z0-9._-]{1,64}\Z")])
    # None: from the affiliate's first acceptance on (CONTRACT 4, an import).
    assigned_from = models.DateTimeField(_("bound from"), null=True, blank=True)
    assigned_until = models.DateTimeField(_("bound until"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"))

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = _("coupon")
        ordering: ClassVar = ["code", "assigned_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Upper("code"), condition=Q(assigned_until__isnull=True), name="unique_assigned_coupon_code"
            ),
            models.CheckConstraint(
                condition=Q(assigned_until__isnull=True)
                | Q(assigned_from__isnull=True)
                | Q(assigned_until__gte=F("assigned_from")),
                name="coupon_assigned_from_before_until",
            ),
        ]
        indexes: ClassVar = [models.Index(Upper("code"), name="coupon_code_upper")]

    def __str__(self) -> str:
        return self.code
