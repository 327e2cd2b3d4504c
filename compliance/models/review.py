"""Reviews of affiliates and their timeline: signal, notice, reply, decision, appeal (specification 8)."""

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers
from payouts.models import Commission


class ReviewQuerySet(models.QuerySet["Review"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)

    def open(self) -> Self:
        return self.exclude(state=Review.State.CLOSED)

    def with_reply_due(self, now: datetime) -> Self:
        """Return the reviews to which the affiliate has not replied and still can."""
        return self.with_replied().filter(state=Review.State.OPEN, reply_by__gt=now, has_replied=False)

    def with_replied(self) -> Self:
        """Annotate `has_replied`."""
        return self.annotate(has_replied=Exists(ReviewEvent.objects.filter(review=OuterRef("pk"), kind="reply")))

    def with_open_question(self) -> Self:
        """Return the reviews in which something is left to decide, and staff wait for an answer."""
        kinds = (ReviewEvent.Kind.QUESTION, ReviewEvent.Kind.ANSWER)
        last = ReviewEvent.objects.filter(review=OuterRef("pk"), kind__in=kinds).order_by("-number").values("kind")
        undecided = self.filter(state__in=Review.STATES_WITH_QUESTIONS).alias(last_question=Subquery(last[:1]))
        return undecided.filter(last_question=ReviewEvent.Kind.QUESTION)


class Review(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")  # the affiliate may reply; staff decide by `decide_by`
        DECIDED = "decided", _("decided")  # the affiliate may appeal until `appeal_by`
        APPEALED = "appealed", _("appealed")  # another reviewer decides by `appeal_decide_by`
        CLOSED = "closed", _("closed")

    # While staff still have to decide.
    STATES_WITH_QUESTIONS = (State.OPEN, State.APPEALED)

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
    # Exactly one of `activity` and `term` (a `Rule`) is set; `clause` states it in the accepted version `agreement`.
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="+")
    activity = models.CharField(_("prohibited activity"), max_length=64, blank=True)
    term = models.CharField(_("term"), max_length=64, blank=True)
    clause = models.CharField(_("clause"), max_length=12)
    summary = models.TextField(_("summary"))
    # Addresses of what the affiliate is reproached with, one per line, which they see.
    evidence_addresses = models.TextField(_("addresses of the evidence"), blank=True, default="", db_default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    holds_all_money = models.BooleanField(_("holds all money"), default=False)
    reply_by = models.DateTimeField(_("reply due"))
    decide_by = models.DateTimeField(_("decision due"))
    # Set when staff missed `decide_by` and the hold was released automatically.
    hold_released_at = models.DateTimeField(_("hold released"), null=True)
    recommendation = models.CharField(_("recommended decision"), max_length=12, choices=Decision, blank=True)
    decision = models.CharField(_("decision"), max_length=12, choices=Decision, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decision_reason = models.TextField(_("reason for the decision"), blank=True)
    appeal_by = models.DateTimeField(_("appeal due"), null=True)
    appealed_at = models.DateTimeField(_("appealed"), null=True)
    appeal_decide_by = models.DateTimeField(_("appeal decision due"), null=True)
    appeal = models.CharField(_("appeal"), max_length=8, choices=Appeal, blank=True)
    appeal_decided_at = models.DateTimeField(_("appeal decided"), null=True)
    # None with `appeal` set: granted automatically because the deadline had passed.
    appeal_decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    commissions = models.ManyToManyField(Commission, blank=True, related_name="reviews", verbose_name=_("commissions"))

    objects = ReviewQuerySet.as_manager()

    @property
    def source(self) -> str:
        """The key by which other apps know what this review decided or holds."""
        return f"review:{self.pk}"

    @property
    def was_decided_in_time(self) -> bool:
        """Whether staff decided by `decide_by`; otherwise the named commissions can't be forfeited (specification 8)."""
        return self.decided_at is not None and self.decided_at < self.decide_by

    @property
    def forfeits(self) -> bool:
        """Whether the decision forfeits the named commissions, once it can no longer be appealed."""
        return self.decision in (self.Decision.FORFEITURE, self.Decision.TERMINATION) and self.was_decided_in_time

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
            models.CheckConstraint(condition=Q(activity="") ^ Q(term=""), name="review_activity_xor_term"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True) | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="review_decision_has_date",
            ),
            models.CheckConstraint(
                condition=~Q(decision="forfeiture") | Q(decided_at__lt=F("decide_by")),
                name="review_forfeiture_in_time",
            ),
            models.CheckConstraint(
                condition=Q(appeal_decided_by__isnull=True) | ~Q(appeal_decided_by=F("decided_by")),
                name="review_appeal_other_decider",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="review_closed_has_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity or self.term} ({self.clause})"


def _build_forfeiture_trigger() -> pgtrigger.Trigger:
    """Return a trigger that rejects the forfeiture of a review that was not decided in time or can be appealed."""
    return pgtrigger.Trigger(
        name="forfeited_in_time",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        condition=pgtrigger.Q(new__kind="forfeited"),
        func="""
            IF NOT EXISTS (SELECT FROM compliance_review review
                            WHERE review.id = NEW.review_id AND review.decided_at < review.decide_by
                              AND (review.appeal = 'refused' OR review.appealed_at IS NULL
                                   AND review.appeal_by <= NEW.at)) THEN
                RAISE EXCEPTION 'review % cannot forfeit commissions', NEW.review_id;
            END IF;
            RETURN NEW;
        """,
    )


class ReviewEvent(models.Model):
    """One event in the timeline of a review. Append-only, and shown to the affiliate unless `private`."""

    class Kind(models.TextChoices):
        SIGNAL = "signal", _("signal")
        NOTICE = "notice", _("notice")
        REPLY = "reply", _("reply")
        QUESTION = "question", _("question of staff")
        ANSWER = "answer", _("answer to the question")
        NOTE = "note", _("private note")
        DECISION = "decision", _("decision")
        APPEAL = "appeal", _("appeal")
        APPEAL_DECISION = "appeal_decision", _("appeal decision")
        HELD = "held", _("money held")
        HOLD_RELEASED = "hold_released", _("hold released")
        FORFEITED = "forfeited", _("commissions forfeited")
        CLOSED = "closed", _("closed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(Review, models.PROTECT, related_name="events")
    # Position in the review, from 1, so that events of the same instant keep their order.
    number = models.PositiveIntegerField()
    kind = models.CharField(_("event"), max_length=16, choices=Kind)
    at = models.DateTimeField(_("date"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    text = models.TextField(_("text"), blank=True)
    clause = models.CharField(_("clause"), max_length=12, blank=True)
    private = models.BooleanField(_("visible to staff only"), default=False)

    class Meta:
        verbose_name = _("review event")
        verbose_name_plural = _("review events")
        ordering: ClassVar = ["review", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["review", "number"], name="unique_review_event_number")
        ]
        triggers: ClassVar = [*build_append_only_triggers(redactable=("text",)), _build_forfeiture_trigger()]

    def __str__(self) -> str:
        return self.get_kind_display()


class ReviewFile(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(ReviewEvent, models.PROTECT, related_name="files")
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()
    size = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("review file")
        verbose_name_plural = _("review files")
        triggers: ClassVar = build_append_only_triggers(redactable=("name", "content"))

    def __str__(self) -> str:
        return self.name
