"""Orders: their current state (`Order`, `OrderLine`) and its immutable history (`OrderSnapshot`), specification 4."""

from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from lib.fields import MoneyField
from lib.foreign_keys import build_no_delete_triggers, build_reference_triggers
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers
from tracking.models.link import Link
from tracking.models.rollup import build_changed_day_triggers


class Status(models.TextChoices):
    PAID = "paid", _("paid")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")


class Reason(models.TextChoices):
    """Why an order is credited to an affiliate, or to none."""

    COUPON = "coupon", _("the coupon was assigned to this affiliate")
    CLICK = "click", _("the customer clicked this affiliate's link")
    NO_CLAIM = "no_claim", _("the order has no coupon and no click ID")
    COUPON_UNKNOWN = "coupon_unknown", _("the coupon was not assigned to an affiliate when the order was placed")
    CLICK_NOT_GENUINE = "click_not_genuine", _("the click ID is not valid")
    CLICK_EXPIRED = "click_expired", _("the click is older than the attribution window")
    CLICK_AFTER_ORDER = "click_after_order", _("the click came after the order")
    NOT_ACTIVE = "not_active", _("the affiliate was not active at that time")
    NO_AGREEMENT = "no_agreement", _("the affiliate had not accepted an agreement version in effect")
    NOT_ACCEPTED = "not_accepted", _("the affiliate had not accepted the new version of the agreement")
    BREACH = "breach", _("the affiliate was terminated for breach before the order")
    PROGRAM_ENDED = "program_ended", _("the program had ended")
    FROZEN = "attribution_frozen", _("a close has settled a line of the order, so its attribution no longer changes")


class OrderQuerySet(models.QuerySet["Order"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class CurrentTransaction(Func):
    """The id of the running transaction. Compared with a close's snapshot it tells which rows the close could see."""

    function = "pg_current_xact_id"
    template = "(%(function)s()::text::bigint)"
    output_field = models.BigIntegerField()


class OrderSnapshot(models.Model):
    """An accepted snapshot as the shop sent it, with `customer.ref` as a keyed hash. Append-only."""

    sequence = models.BigAutoField(primary_key=True)
    order_id = models.CharField(max_length=64)
    updated_at = models.DateTimeField(_("updated at"))
    sha256 = models.CharField(max_length=64)
    # In the normal form of `tracking.orders.snapshots`.
    content = models.JSONField()
    received_at = models.DateTimeField(_("received"), db_default=Now())
    transaction = models.BigIntegerField(db_default=CurrentTransaction())
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("order snapshot")
        ordering: ClassVar = ["-sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "updated_at"], name="unique_snapshot_per_updated_at")
        ]
        triggers: ClassVar = build_append_only_triggers(redactable=("content",))

    def __str__(self) -> str:
        return f"{self.order_id} at {self.updated_at.isoformat()}"


class Order(models.Model):
    """An order as of its newest snapshot, with its attribution."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.CharField(_("order number"), max_length=64, unique=True)
    updated_at = models.DateTimeField(_("updated at"), null=True)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    placed_at = models.DateTimeField(_("placed"))
    completed_at = models.DateTimeField(_("completed"), null=True)
    currency = models.CharField(max_length=3)
    coupon_code = models.CharField(_("coupon"), max_length=64, blank=True, default="")
    click_id = models.CharField(_("click ID"), max_length=200, blank=True, default="")
    customer_hash = models.CharField(max_length=64, blank=True, default="")
    country = models.CharField(_("country"), max_length=100, blank=True, default="")
    # Set by attribution, down to `clause`.
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, null=True, related_name="orders", db_constraint=False)
    link = models.ForeignKey(Link, models.PROTECT, null=True, related_name="orders", db_constraint=False)
    clicked_at = models.DateTimeField(_("clicked"), null=True)
    # Copied from the click, whose row is dropped after the retention period. None if the click is lost or a coupon won.
    sub1 = models.CharField(_("sub-ID 1"), max_length=100, null=True)
    sub2 = models.CharField(_("sub-ID 2"), max_length=100, null=True)
    sub3 = models.CharField(_("sub-ID 3"), max_length=100, null=True)
    sub4 = models.CharField(_("sub-ID 4"), max_length=100, null=True)
    sub5 = models.CharField(_("sub-ID 5"), max_length=100, null=True)
    device = models.CharField(_("device class"), max_length=7, null=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, default=Reason.NO_CLAIM)
    # The affiliate who would have been credited but for the reason. They may ask why.
    candidate = models.ForeignKey(
        Affiliate, models.PROTECT, null=True, related_name="candidate_orders", db_constraint=False
    )
    # The version that `clause` is of.
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, null=True, related_name="+", db_constraint=False)
    # The version whose rates apply: the affiliate's at `placed_at`, while `agreement` is the one at the click.
    rates_agreement = models.ForeignKey(
        AgreementVersion, models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    clause = models.CharField(_("clause"), max_length=12, blank=True, default="")

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        ordering: ClassVar = ["-placed_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["affiliate", "-placed_at", "-id"]),
            models.Index(
                fields=["candidate", "-placed_at"], condition=Q(affiliate__isnull=True), name="order_candidates"
            ),
            models.Index(fields=["placed_at"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(completed_at__gte=F("placed_at")),
                name="order_completed_after_placed",
            ),
            models.CheckConstraint(
                condition=Q(status="paid", completed_at__isnull=True)
                | Q(status="completed", completed_at__isnull=False)
                | Q(status="cancelled"),
                name="order_status_fits_completed_at",
            ),
        ]
        triggers: ClassVar = [
            *build_changed_day_triggers(),
            *build_no_delete_triggers(),
            *build_reference_triggers(
                {
                    "affiliate_id": ("affiliates_affiliate", "id"),
                    "candidate_id": ("affiliates_affiliate", "id"),
                    "link_id": ("tracking_link", "id"),
                    "agreement_id": ("agreements_agreementversion", "id"),
                    "rates_agreement_id": ("agreements_agreementversion", "id"),
                },
                change=True,
            ),
        ]

    def __str__(self) -> str:
        return self.order_id


class OrderLine(models.Model):
    """A line of an order in its current state. A line that the newest snapshot lacks counts as 0.00."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", db_constraint=False)
    line_id = models.CharField(_("line"), max_length=64)
    position = models.PositiveIntegerField()
    sku = models.CharField(_("SKU"), max_length=100, blank=True, default="")
    title = models.CharField(_("title"), max_length=500, blank=True, default="")
    category = models.CharField(_("category"), max_length=64)
    quantity = models.PositiveIntegerField(_("quantity"))
    amount = MoneyField(_("amount"))
    refunded = MoneyField(_("refunded"))

    class Meta:
        verbose_name = _("order line")
        ordering: ClassVar = ["order", "position"]
        indexes: ClassVar = [
            # Few lines: sales targets leave out the orders that have no other.
            models.Index(fields=["order"], condition=Q(refunded__gte=F("amount")), name="orderline_without_amount"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "line_id"], name="unique_line_id_per_order"),
            # NaN is greater than every number, so both bounds keep it out.
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("amount"), amount__lte=1_000_000),
                name="line_refund_within_amount",
            ),
        ]
        triggers: ClassVar = [
            *build_no_delete_triggers(),
            *build_reference_triggers({"order_id": ("tracking_order", "id")}, change=True),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} line {self.line_id}"
