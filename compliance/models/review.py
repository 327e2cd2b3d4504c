"""A review: signal or report, notice, reply, decision, appeal; every step kept, dated and attributed (CONTRACT 8)."""

from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models import Agreement
from lib.ids import uuid7
from lib.triggers import append_only
from payouts.models import Commission


class ReviewQuerySet(models.QuerySet["Review"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)

    def open(self) -> Self:
        return self.exclude(state=Review.State.CLOSED)


class Review(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")  # noticed; reply_days run, staff decide within review_days
        DECIDED = "decided", _("decided")  # appeal_days run
        APPEALED = "appealed", _("appealed")  # somebody else decides within review_days
        CLOSED = "closed", _("closed")

    class Decision(models.TextChoices):
        DISMISSED = "dismissed", _("dismissed")
        WARNING = "warning", _("warning")
        FORFEITURE = "forfeiture", _("forfeiture of the named commissions")
        SUSPENSION = "suspension", _("suspension")
        TERMINATION = "termination", _("termination")

    class Appeal(models.TextChoices):
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="reviews")
    # One prohibited activity or term (a `Rule`), by clause, in the version that the affiliate accepted.
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="+")
    activity = models.CharField(_("prohibited activity"), max_length=64, blank=True)
    term = models.CharField(_("term"), max_length=64, blank=True)
    clause = models.CharField(_("clause"), max_length=12)
    summary = models.TextField(_("what it is about"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    holds_all_money = models.BooleanField(_("holds all money"), default=False)
    reply_by = models.DateTimeField(_("reply by"))
    decide_by = models.DateTimeField(_("decide by"))
    # A deadline that staff missed released the hold by itself.
    hold_released_at = models.DateTimeField(_("hold released"), null=True)
    recommendation = models.CharField(_("recommended"), max_length=12, choices=Decision, blank=True)
    decision = models.CharField(_("decision"), max_length=12, choices=Decision, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decision_reason = models.TextField(_("reason of the decision"), blank=True)
    appeal_by = models.DateTimeField(_("appeal by"), null=True)
    appealed_at = models.DateTimeField(_("appealed"), null=True)
    appeal_decide_by = models.DateTimeField(_("decide the appeal by"), null=True)
    appeal = models.CharField(_("appeal"), max_length=8, choices=Appeal, blank=True)
    appeal_decided_at = models.DateTimeField(_("appeal decided"), null=True)
    # None with `appeal` set: granted by itself, the deadline had passed.
    appeal_decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    commissions = models.ManyToManyField(Commission, blank=True, related_name="reviews", verbose_name=_("commissions"))

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        permissions: ClassVar = [
            ("decide_review", "Can decide reviews and appeals"),
            ("suspend_affiliate", "Can suspend and reinstate affiliates"),
            ("end_program", "Can announce the end of the program"),
        ]
        ordering: ClassVar = ["-opened_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["state", "decide_by"]),
            models.Index(fields=["affiliate", "-opened_at"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(activity="") ^ Q(term=""), name="review_names_an_activity_or_a_term"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True) | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="review_decision_says_when",
            ),
            models.CheckConstraint(
                condition=Q(appeal_decided_by__isnull=True) | ~Q(appeal_decided_by=F("decided_by")),
                name="review_appeal_needs_another",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="review_closed_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity or self.term} ({self.clause})"


class ReviewStep(models.Model):
    """One step, as it happened. Append-only; shown to the affiliate unless it is a private note of staff."""

    class Kind(models.TextChoices):
        SIGNAL = "signal", _("signal")
        NOTICE = "notice", _("notice")
        REPLY = "reply", _("reply")
        NOTE = "note", _("private note")
        DECISION = "decision", _("decision")
        APPEAL = "appeal", _("appeal")
        APPEAL_DECISION = "appeal_decision", _("decision of the appeal")
        HOLD_RELEASED = "hold_released", _("hold released")
        FORFEITED = "forfeited", _("commissions forfeited")
        CLOSED = "closed", _("closed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(Review, models.PROTECT, related_name="steps")
    # The place in the review, from 1: steps of one instant keep their order.
    number = models.PositiveIntegerField()
    kind = models.CharField(_("step"), max_length=16, choices=Kind)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    text = models.TextField(_("text"), blank=True)
    clause = models.CharField(_("clause"), max_length=12, blank=True)
    private = models.BooleanField(_("seen by staff alone"), default=False)

    class Meta:
        verbose_name = _("step of a review")
        verbose_name_plural = _("steps of a review")
        ordering: ClassVar = ["review", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["review", "number"], name="one_step_a_number")]
        triggers: ClassVar = append_only()

    def __str__(self) -> str:
        return self.get_kind_display()


class ReviewFile(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    step = models.ForeignKey(ReviewStep, models.PROTECT, related_name="files")
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()
    size = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("file of a review")
        verbose_name_plural = _("files of a review")
        triggers: ClassVar = append_only()

    def __str__(self) -> str:
        return self.name
