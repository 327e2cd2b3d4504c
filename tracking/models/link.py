"""Tracking links and coupons."""

from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import urlsplit
from uuid import UUID

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, State
from lib.fields import CodeKeyField
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
    # The newest of its `names`, unless the affiliate went back to the code.
    own_name = models.CharField(_("name in the address"), max_length=40, null=True, blank=True, editable=False)
    target = models.URLField(_("destination URL"), max_length=2000)
    permitted_hosts = ArrayField(models.CharField(max_length=253), verbose_name=_("permitted hosts"))
    sub1 = models.CharField(_("sub-ID 1"), max_length=100, blank=True)
    sub2 = models.CharField(_("sub-ID 2"), max_length=100, blank=True)
    sub3 = models.CharField(_("sub-ID 3"), max_length=100, blank=True)
    sub4 = models.CharField(_("sub-ID 4"), max_length=100, blank=True)
    sub5 = models.CharField(_("sub-ID 5"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"))
    # A paused link still redirects, without a click id.
    paused_at = models.DateTimeField(_("paused"), null=True)
    # An archived link works like any other; only the list of links leaves it out.
    archived_at = models.DateTimeField(_("archived"), null=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("tracking link")
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["affiliate", "-created_at"]),
            # For names, which must not be equal to a code in any letter case.
            models.Index(Lower("code"), name="link_code_lower"),
        ]
        triggers: ClassVar = [
            *build_no_delete_triggers(),
            pgtrigger.Trigger(
                name="own_name_is_published",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("own_name"),
                when=pgtrigger.After,
                condition=pgtrigger.Q(new__own_name__isnull=False),
                func="""
                    IF NOT EXISTS (SELECT FROM tracking_linkname WHERE name = NEW.own_name AND link_id = NEW.id) THEN
                        RAISE foreign_key_violation USING MESSAGE = format('%s is no name of this link', NEW.own_name);
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.published_code

    @property
    def label(self) -> str:
        """Return what its affiliate knows the link by: a name, else the page that it leads to, such as "/kitchen/cup"."""
        if self.name or self.own_name:
            return str(self)
        address = urlsplit(self.target)
        page = f"{address.path}?{address.query}" if address.query else address.path
        return page if page.strip("/") else address.netloc

    @property
    def sub_ids(self) -> list[str]:
        """Return the sub-IDs that are set, in their order."""
        return [text for text in (self.sub1, self.sub2, self.sub3, self.sub4, self.sub5) if text]

    @property
    def published_code(self) -> str:
        """Return what follows `/r/` in the address that the affiliate publishes."""
        return self.own_name or self.code


class CouponQuerySet(models.QuerySet["Coupon"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Coupon(models.Model):
    """The assignment of a coupon code to an affiliate for a period. Codes are compared by their `key`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="coupons")
    code = models.CharField(_("code"), max_length=64)
    key = CodeKeyField()
    # None: from the affiliate's first acceptance (specification 4, import).
    assigned_from = models.DateTimeField(_("assigned from"), null=True, blank=True)
    assigned_until = models.DateTimeField(_("assigned until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = _("coupon")
        ordering: ClassVar = ["code", "assigned_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(assigned_until__isnull=True), name="unique_assigned_coupon_code"
            ),
            models.CheckConstraint(
                condition=Q(assigned_until__isnull=True)
                | Q(assigned_from__isnull=True)
                | Q(assigned_until__gte=F("assigned_from")),
                name="coupon_assigned_from_before_until",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["key"], name="coupon_key"),
            # For the search by the beginning of a code.
            models.Index(fields=["key"], name="coupon_key_start", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def ends_at(self) -> datetime | None:
        """The end of the assignment: when it is unassigned or its affiliate is terminated (specification 4)."""
        terminated_at = self.affiliate.state_since if self.affiliate.state == State.TERMINATED else None
        return min(filter(None, (self.assigned_until, terminated_at)), default=None)
