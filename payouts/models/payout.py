"""Payouts, their batches and their files (specification 6).

A close drafts payouts, one person submits them, another approves them; they are exported and their results imported.
"""

from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.fields import MoneyField
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers
from payouts.models.close import Close, Statement
from payouts.models.details import PayoutDetails


class PayoutBatch(models.Model):
    """Payouts that are submitted, approved and exported together: those of one close, or a retry of failed ones."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        APPROVED = "approved", _("approved")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    close = models.ForeignKey(
        Close, models.PROTECT, null=True, related_name="batches", verbose_name=_("month-end close")
    )
    name = models.CharField(_("name"), max_length=100)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, db_default=State.DRAFT)
    created_at = models.DateTimeField(_("created"))
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # SHA-256 over the approved payees, amounts and destinations; a change of any of them voids the approval.
    digest = models.CharField(_("digest"), max_length=64, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(_("exported"), null=True)

    class Meta:
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")
        ordering: ClassVar = ["-created_at"]
        permissions: ClassVar = [
            ("submit_payoutbatch", _("Can submit payouts")),
            ("approve_payoutbatch", _("Can approve payouts")),
            ("export_payoutbatch", _("Can export payouts and import their results")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("submitted_by")),
                name="payouts_need_second_approval",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sent"])
                | (Q(approved_by__isnull=False, submitted_by__isnull=False) & ~Q(digest="")),
                name="payouts_approved_by_digest",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PayoutFile(models.Model):
    """An exported payment file, append-only; a repeated export returns the same bytes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="files")
    method = models.CharField(_("method"), max_length=10)
    # 1, 2 and so on: banks and providers limit the payouts of one file.
    part = models.PositiveSmallIntegerField(_("part"), default=1)
    payouts = models.PositiveIntegerField(_("payouts"))
    total = MoneyField(_("total"))
    name = models.CharField(_("name"), max_length=100)
    media_type = models.CharField(max_length=60)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    # Ciphertext, because the file has unmasked accounts.
    encrypted = models.TextField()
    made_at = models.DateTimeField(_("created"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # When payees were last removed by erasure; `sha256` stays that of the exported file.
    redacted_at = models.DateTimeField(_("payees erased"), null=True)

    class Meta:
        verbose_name = _("payout file")
        ordering: ClassVar = ["batch_id", "method", "part"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "method", "part"], name="one_payout_file_per_method_and_part")
        ]
        triggers: ClassVar = build_append_only_triggers(redactable=("encrypted", "redacted_at"))

    def __str__(self) -> str:
        return self.name


class PayoutQuerySet(models.QuerySet["Payout"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)

    def came_back(self) -> Self:
        """Return failed and returned payouts that wait: not paid again, and their amounts not on a statement yet."""
        return self.filter(state="failed", returned_statement=None, replaced_by=None)

    def unanswered(self) -> Self:
        """Return those that came back from payout details that still apply, newest first.

        Left out is what came back before the affiliate confirmed these details, or before another payout to them
        arrived.
        """
        arrived = Payout.objects.filter(details=OuterRef("details"), state="paid", paid_at__gt=OuterRef("returned_at"))
        unchecked = Q(details__checked_at=None) | Q(details__checked_at__lt=F("returned_at"))
        rows = self.filter(unchecked, ~Exists(arrived), state="failed", details=_newest_details())
        return rows.order_by("-returned_at", "-pk")

    def with_outdated(self) -> Self:
        """Annotate `is_outdated`: prepared for an account that the affiliate changed since, so it can't be sent."""
        prepared_before = When(~Q(details=_newest_details()), state__in=Payout.BEING_PREPARED, then=Value(True))
        return self.annotate(is_outdated=Case(prepared_before, default=Value(False)))

    def being_prepared(self, *, is_outdated: bool) -> Self:
        """Return those that are not sent yet: the outdated ones, or the others."""
        return self.with_outdated().filter(state__in=Payout.BEING_PREPARED, is_outdated=is_outdated)


def _newest_details() -> Subquery:
    return Subquery(PayoutDetails.objects.filter(affiliate=OuterRef("affiliate")).values("pk")[:1])


class Payout(models.Model):
    """A payment of one statement's balance to an affiliate, or a retry of such a payment."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        APPROVED = "approved", _("approved")
        SENT = "sent", _("sent")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    # To its affiliate, every state before "sent" is the same.
    BEING_PREPARED = (State.DRAFT, State.SUBMITTED, State.APPROVED)
    # It left the balance and is not known to have arrived.
    UNDER_WAY = (*BEING_PREPARED, State.SENT)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="payouts")
    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="payouts")
    # The statement whose balance it pays; None for a retry, which has `replaces`.
    statement = models.OneToOneField(Statement, models.PROTECT, null=True, related_name="drafted_payout")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    details = models.ForeignKey(PayoutDetails, models.PROTECT, related_name="+")
    amount = MoneyField(_("amount"))
    # Derived from the id and stored before it is sent to the provider, so that a retry of the request cannot pay twice.
    reference = models.CharField(_("reference"), max_length=40, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, db_default=State.DRAFT)
    created_at = models.DateTimeField(_("created"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    paid_at = models.DateTimeField(_("paid"), null=True)
    # When it failed, was returned or was cancelled, and its amount went back to the balance.
    returned_at = models.DateTimeField(_("returned"), null=True)
    failure = models.CharField(_("failure reason"), max_length=300, blank=True, default="", db_default="")
    # The statement that lists the returned amount; set once, by the close.
    returned_statement = models.ForeignKey(Statement, models.PROTECT, null=True, related_name="returned_payouts")

    # Only with `with_outdated()`.
    is_outdated: bool

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout")
        ordering: ClassVar = ["-created_at", "-id"]
        permissions: ClassVar = [("return_payout", _("Can cancel payouts and pay them again"))]
        indexes: ClassVar = [
            models.Index(fields=["affiliate", "-created_at"]),
            models.Index(fields=["-created_at", "-id"]),
            # For the home of staff.
            models.Index(fields=["sent_at"], condition=Q(state="sent"), name="payout_without_result"),
            models.Index(
                fields=["returned_at"],
                condition=Q(state="failed", returned_statement__isnull=True),
                name="payout_came_back",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lt="1000000000000"), name="payout_is_a_positive_amount"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["failed", "cancelled"], returned_at__isnull=False)
                | (~Q(state__in=["failed", "cancelled"]) & Q(returned_at__isnull=True)),
                name="returned_payout_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
