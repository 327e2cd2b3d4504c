"""Connections to shops, and the events that shops send to them (specification 11)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from shops.models.reject import Reject


class Platform(models.TextChoices):
    WOOCOMMERCE = "woocommerce", "WooCommerce"
    SHOPIFY = "shopify", "Shopify"
    STRIPE = "stripe", "Stripe"
    GENERIC = "generic", _("other shop (JSON)")


class Completion(models.TextChoices):
    """What makes an order of a connection completed, so that its commission can be validated."""

    FULFILLED = "fulfilled", _("when the shop marks it as completed or fulfilled")
    PAID = "paid", _("when it is paid")
    DAYS = "days", _("a number of days after it is paid")


class Connection(models.Model):
    """A shop that sends its events to one webhook address."""

    class State(models.TextChoices):
        # Events of a paused connection are stored, and processed once it is resumed.
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        DELETED = "deleted", _("deleted")

    REJECT_SOURCE = "shop connection "

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    platform = models.CharField(_("platform"), max_length=20, choices=Platform)
    name = models.CharField(_("name"), max_length=60, unique=True)
    # Begins the id of every order of this connection, so that two shops may send the same number.
    prefix = models.CharField(_("prefix of order ids"), max_length=12, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # Encrypted, as are the previous secret, which stays valid until `previous_secret_until`, and the API key.
    secret = models.TextField()
    previous_secret = models.TextField(blank=True)
    previous_secret_until = models.DateTimeField(null=True)
    api_url = models.URLField(_("address of the shop's API"), max_length=300, blank=True)
    api_key = models.TextField(blank=True)
    completion = models.CharField(_("completed"), max_length=10, choices=Completion, default=Completion.FULFILLED)
    completion_days = models.PositiveSmallIntegerField(_("days"), default=14)
    # Of this platform only: see the `OPTIONS` of each connector.
    options = models.JSONField(default=dict)
    # {milestone: time at which it was first reached, ISO 8601}: see `shops.connectors.milestones`.
    milestones = models.JSONField(default=dict)
    # Up to here the shop's API was searched for events that were missed.
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("shop connection")
        verbose_name_plural = _("shop connections")
        ordering: ClassVar = ["name"]
        default_permissions: ClassVar = ("view", "add", "change")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_secret_until__isnull=True)  # nosec B106 -- no password
                | (~Q(previous_secret="") & Q(previous_secret_until__isnull=False)),  # nosec B106 -- no password
                name="connection_previous_secret_ends",
            ),
            models.CheckConstraint(condition=~Q(secret=""), name="connection_has_secret"),  # nosec B106 -- no password
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reject_source(self) -> str:
        """The source of the connection's rows in the rejects inbox."""
        return f"{self.REJECT_SOURCE}{self.name}"


# How the deliveries of events begin that were found in the shop's API, not sent by the shop.
FOUND_PREFIX = "api "


class ShopEvent(models.Model):
    """One signed event as it was delivered, or a missed one that was found in the shop's API, kept for 30 days."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("processed")
        # Of no use: a test order, an unpaid order, a topic that is not needed.
        IGNORED = "ignored", _("ignored")
        # In the rejects inbox with field and cause.
        REFUSED = "refused", _("rejected")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="events", verbose_name=_("connection"))
    # Equal for repeated deliveries of one event.
    delivery = models.CharField(_("delivery"), max_length=200)
    topic = models.CharField(_("topic"), max_length=100, blank=True)
    received_at = models.DateTimeField(_("received"))
    # The moment that the platform names for the event, to the nanosecond, as ISO 8601 in UTC; "" if it names none.
    triggered_at = models.CharField(max_length=40, blank=True)
    # How often the same delivery arrived again.
    repeats = models.PositiveIntegerField(_("repeated"), default=0)
    # The body, which holds customer data: encrypted.
    body = models.BinaryField()
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    order_key = models.CharField(_("order in the shop"), max_length=100, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    field = models.CharField(_("field"), max_length=200, blank=True)
    cause = models.TextField(_("cause"), blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    processed_at = models.DateTimeField(_("processed"), null=True)
    reject = models.ForeignKey(Reject, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("shop event")
        verbose_name_plural = _("shop events")
        ordering: ClassVar = ["-received_at", "-id"]
        default_permissions: ClassVar = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "delivery"], name="shop_event_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_attempt_at__isnull=False)
                | (~Q(state="waiting") & Q(next_attempt_at__isnull=True, processed_at__isnull=False)),
                name="shop_event_waits_for_attempt",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "next_attempt_at"], condition=Q(state="waiting"), name="shop_event_due"),
            models.Index(fields=["connection", "-received_at"], name="shop_event_recent"),
            models.Index(fields=["connection", "order_key"], name="shop_event_order"),
            models.Index(fields=["received_at"], name="shop_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.delivery}"

    @property
    def was_delivered(self) -> bool:
        return not self.delivery.startswith(FOUND_PREFIX)
