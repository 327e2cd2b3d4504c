"""The orders of a connection as its events describe them, and how their lines got their categories (specification 11)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from shops.models.connection import Connection


class CategoryMapping(models.Model):
    """The category of the rate card that products of a shop's category earn.

    A product in several mapped categories gets the mapping with the lowest `position`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="mappings")
    # As the shop writes it, and as it is compared: cleaned and folded.
    shop_category = models.CharField(_("category in the shop"), max_length=300)
    key = models.CharField(max_length=300)
    category = models.CharField(_("category of the rate card"), max_length=64)
    position = models.PositiveIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("category mapping")
        verbose_name_plural = _("category mappings")
        ordering: ClassVar = ["connection", "position", "key"]
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "key"], name="category_mapping_once"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(category=""), name="category_mapping_is_complete"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_category}: {self.category}"


class ShopProduct(models.Model):
    """The categories of a product, from product events, the shop's API or an uploaded list."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="products")
    product_key = models.CharField(_("product id"), max_length=100)
    title = models.CharField(_("title"), max_length=300, blank=True)
    categories = models.JSONField(_("categories"), default=list)
    # Names that only the shop's API has; null until it is read. After an event of the product they are read again.
    collections = models.JSONField(_("collections"), null=True)
    collections_are_old = models.BooleanField(default=False, db_default=False)
    # Newer than what an event with a lower version says; see `shops.connectors.parts`.
    version = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("product of a shop")
        verbose_name_plural = _("products of shops")
        ordering: ClassVar = ["connection", "product_key"]
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "product_key"], name="shop_product_once")
        ]

    def __str__(self) -> str:
        return self.title or self.product_key


class ShopOrder(models.Model):
    """All that the events of one order have said, folded into one state from which its snapshot is made."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="orders", verbose_name=_("connection"))
    order_key = models.CharField(_("order in the shop"), max_length=100)
    # The id of the snapshots: the connection's prefix and the shop's key.
    order_id = models.CharField(_("order"), max_length=200, unique=True)
    # {part: {"version": ..., "data": ...}}, see `shops.connectors.parts`; customers as keyed hashes only.
    state = models.JSONField(default=dict)
    # `updated_at` of the last snapshot, and the digest of its other fields; null before the first.
    version = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    # When the snapshot changes without an event, because a number of days has passed.
    due_at = models.DateTimeField(null=True)
    # When to complete the state from the shop's API; null if there is nothing to complete or no API key.
    fetch_at = models.DateTimeField(null=True)
    fetch_attempts = models.PositiveSmallIntegerField(default=0)
    # Sentences about what is approximate without the shop's API.
    notes = models.JSONField(default=list)

    class Meta:
        verbose_name = _("order of a shop")
        verbose_name_plural = _("orders of shops")
        ordering: ClassVar = ["-id"]
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "order_key"], name="shop_order_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="shop_order_due"),
            models.Index(fields=["fetch_at"], condition=Q(fetch_at__isnull=False), name="shop_order_fetch"),
        ]

    def __str__(self) -> str:
        return self.order_id


class ShopOrderLine(models.Model):
    """How a line of the last snapshot of an order got its category: the evidence beside the snapshot."""

    shop_order = models.ForeignKey(ShopOrder, models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=64)
    # All categories of the shop that the line has, as the shop writes them.
    shop_categories = models.JSONField(default=list)
    # The one that decided, folded, and what it was mapped to; "" and the rate card's default if none is mapped.
    mapped_by = models.CharField(max_length=300, blank=True)
    category = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("line of a shop's order")
        default_permissions: ClassVar = ()
        ordering: ClassVar = ["shop_order", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_order", "line_id"], name="shop_order_line_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop_order"], condition=Q(mapped_by=""), name="shop_order_line_unmapped")
        ]

    def __str__(self) -> str:
        return f"{self.shop_order_id}: {self.line_id}"
