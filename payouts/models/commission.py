"""Commissions and holds on them (specification 5). A close never changes a commission: it appends statement lines."""

from typing import ClassVar, Self
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from lib.fields import MoneyField, PercentField
from lib.foreign_keys import build_no_delete_triggers, build_reference_triggers
from lib.ids import uuid7
from tracking.models import Order, OrderLine
from tracking.models.rollup import build_changed_day_triggers


class CommissionQuerySet(models.QuerySet["Commission"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Commission(models.Model):
    """What an affiliate earns for one order line."""

    line = models.OneToOneField(
        OrderLine, models.PROTECT, primary_key=True, related_name="commission", db_constraint=False
    )
    order = models.ForeignKey(Order, models.PROTECT, related_name="commissions", db_constraint=False)
    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, related_name="commissions", db_constraint=False, db_index=False
    )
    placed_at = models.DateTimeField(_("placed"))
    category = models.CharField(_("category"), max_length=64)
    # What the customer paid less refunds; 0.00 for a cancelled order.
    base = MoneyField(_("base"))
    rate = PercentField(_("rate, percent"))
    amount = MoneyField(_("commission"))
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="+", db_constraint=False)
    clause = models.CharField(_("clause"), max_length=12)
    # The explanation, [{"rule", "clause", "text"}] in the order applied.
    steps = models.JSONField(default=list)
    # completed_at + validation_days * 24 h; None until the order is completed.
    validates_at = models.DateTimeField(_("validated from"), null=True)
    # Set by a decided review; the amount then stays 0.00.
    forfeited_at = models.DateTimeField(_("forfeited"), null=True)
    forfeit_reason = models.CharField(max_length=200, blank=True, default="")
    snapshot_sequence = models.BigIntegerField(_("snapshot sequence"))

    objects = CommissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("commission")
        # By the column: ordering by the relation would use the default ordering of order lines.
        ordering: ClassVar = ["-placed_at", "-line_id"]
        indexes: ClassVar = [
            # Covers the sums by order, by which an affiliate sorts the list, and those of the commissions in a state.
            models.Index(
                fields=["affiliate", "-placed_at", "-line"],
                include=["order", "amount", "base", "validates_at", "forfeited_at"],
                name="commission_sums",
            ),
            models.Index(fields=["order"]),
            # Covers the sum of commissions that a later close settles.
            models.Index(fields=["affiliate", "validates_at"], include=["amount", "line"], name="commission_pending"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, amount__lte=F("base") * F("rate") / 100 + 0.005),
                name="commission_within_rate",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=100), name="commission_rate_is_a_percentage"),
            models.CheckConstraint(
                condition=Q(forfeited_at__isnull=True) | Q(amount=0), name="forfeited_commission_is_zero"
            ),
        ]
        triggers: ClassVar = [
            *build_changed_day_triggers(),
            *build_no_delete_triggers(),
            pgtrigger.Trigger(
                name="mark_changed_amount",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("amount"),
                condition=pgtrigger.Condition("OLD.amount <> NEW.amount"),
                func="""
                    INSERT INTO payouts_changedcommission (commission_id, affiliate_id)
                    VALUES (NEW.line_id, NEW.affiliate_id);
                    RETURN NULL;
                """,
            ),
            *build_reference_triggers(
                {
                    "line_id": ("tracking_orderline", "id"),
                    "order_id": ("tracking_order", "id"),
                    "affiliate_id": ("affiliates_affiliate", "id"),
                    "agreement_id": ("agreements_agreementversion", "id"),
                },
                change=True,
            ),
        ]

    def __str__(self) -> str:
        return str(_("order %(order)s, line %(line)s") % {"order": self.order.order_id, "line": self.line.line_id})


class ChangedCommission(models.Model):
    """A mark that a commission's amount has changed since the last close, so that changes are found without a search.

    Rows are only inserted and deleted, never updated, so that concurrent writers do not wait for each other. A close
    deletes the marks that it has seen, but not those of commissions that it leaves out because of a hold or an exception.
    """

    id = models.BigAutoField(primary_key=True)
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        verbose_name = _("changed commission")
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["affiliate", "commission"])]

    def __str__(self) -> str:
        return f"{self.commission_id}"


class CommissionHold(models.Model):
    """A hold that keeps a commission from being settled, such as during a review."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="holds")
    # The key of what placed the hold, such as the id of a review.
    source = models.CharField(max_length=100)
    reason = models.CharField(_("reason"), max_length=200)
    placed_at = models.DateTimeField(_("placed"))
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("commission hold")
        verbose_name_plural = _("commission holds")
        ordering: ClassVar = ["-placed_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["commission", "source"], condition=Q(released_at__isnull=True), name="one_hold_per_source"
            )
        ]

    def __str__(self) -> str:
        return self.reason
