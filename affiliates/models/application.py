"""What staff ask applicants, what applicants answered, and reasons that staff reuse to reject applications."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from lib.ids import uuid7

MAX_ANSWER_LENGTH = 2000
# The form fields of the questions are named by this and their position.
QUESTION_PREFIX = "question"


class ApplicationQuestionQuerySet(models.QuerySet["ApplicationQuestion"]):
    def active(self) -> Self:
        """Return the questions that are on the application form now."""
        return self.filter(is_active=True)


class ApplicationQuestion(models.Model):
    """A question of the application form. There are three at most, one for each position."""

    class Position(models.IntegerChoices):
        FIRST = 1, _("first")
        SECOND = 2, _("second")
        THIRD = 3, _("third")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    position = models.PositiveSmallIntegerField(_("position"), choices=Position, unique=True)
    text = models.CharField(_("question"), max_length=300)
    # The question in other languages, keyed by their code.
    translations = models.JSONField(_("translations"), default=dict, blank=True)
    is_required = models.BooleanField(_("an answer is required"), default=False)
    is_active = models.BooleanField(_("on the application form"), default=True)

    objects = ApplicationQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("application question")
        verbose_name_plural = _("application questions")
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(position__gte=1, position__lte=3), name="application_question_position"
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def field_name(self) -> str:
        """The name of the form field that holds the answer."""
        return f"{QUESTION_PREFIX}{self.position}"

    @property
    def local_text(self) -> str:
        """The question in the reader's language, or as staff wrote it if there is no translation."""
        return str(self.translations.get(get_language() or "") or self.text)


class ApplicationAnswer(models.Model):
    """An applicant's answer, with the question as staff had worded it then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="application_answers")
    position = models.PositiveSmallIntegerField(_("position"))
    question = models.CharField(_("question"), max_length=300)
    answer = models.TextField(_("answer"), max_length=MAX_ANSWER_LENGTH)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers of the application")
        ordering: ClassVar = ["affiliate", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate", "position"], name="application_answer_position")
        ]

    def __str__(self) -> str:
        return self.question


class RejectionTemplate(models.Model):
    """A reason to reject applications that staff reuse; `{name}` in it becomes the applicant's name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Only staff see the name."))
    text = models.TextField(
        _("reason"), max_length=2000, help_text=_("The applicant reads it. {name} becomes their name.")
    )

    class Meta:
        verbose_name = _("rejection reason")
        verbose_name_plural = _("rejection reasons")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
