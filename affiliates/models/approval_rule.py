"""The rule that may approve applications without staff, and what it found out about each application."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from affiliates.models.channel import Channel
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers


class ApprovalRule(models.Model):
    """The conditions under which applications are approved; a single row, switched off until staff switch it on."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(
        _("name"),
        max_length=80,
        default="Standard",
        validators=[MinLengthValidator(1)],
        help_text=_("Named as the one who approved, such as “Rule: Standard”."),
    )
    is_active = models.BooleanField(_("switched on"), default=False)
    agreement_permits = models.BooleanField(
        _("our agreement says that applications may be approved by a rule"),
        default=False,
        help_text=_("The agreement that ships says that staff read each application. Change that clause first."),
    )
    channel_kinds = ArrayField(
        models.CharField(max_length=12, choices=Channel.Kind),
        verbose_name=_("at least one channel of these kinds"),
        default=list,
        blank=True,
    )
    requires_own_domain = models.BooleanField(
        _("websites and blogs are on a domain of their own"),
        default=False,
        help_text=_("Not a page of a social network or of a service that hosts sites for many."),
    )
    blocked_hosts = ArrayField(
        models.CharField(max_length=253),
        verbose_name=_("no channel on these hosts"),
        default=list,
        blank=True,
        help_text=_("Host names separated by commas; their subdomains count too."),
    )
    countries = ArrayField(
        models.CharField(max_length=2), verbose_name=_("country is one of these"), default=list, blank=True
    )
    requires_single_application = models.BooleanField(
        _("no other application from the same person"),
        default=False,
        help_text=_("Compares e-mail address, name with country, and the addresses of channels."),
    )
    requires_answers = models.BooleanField(_("all questions of the application are answered"), default=False)
    changed_at = models.DateTimeField(_("changed"), null=True, editable=False)

    class Meta:
        verbose_name = _("approval rule")
        verbose_name_plural = _("approval rules")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="approval_rule_single_row"),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(agreement_permits=True, changed_at__isnull=False),
                name="approval_rule_permitted",
            ),
        ]

    def __str__(self) -> str:
        return f"Rule: {self.name}"

    @classmethod
    def current(cls) -> Self:
        """Return the rule, with no conditions and switched off before staff have saved it."""
        return cls.objects.get_or_create(pk=1)[0]


class RuleCheck(models.Model):
    """What the rule found out about an application: each check with its result. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="rule_checks")
    rule = models.CharField(_("rule"), max_length=80)
    checked_at = models.DateTimeField(_("checked"))
    # True if every check was met, so that the rule approved the application.
    approved = models.BooleanField(_("approved"))
    results = models.JSONField(_("checks"))
    # The codes of other affiliates who may be the same person; only staff see them.
    same_person = models.CharField(max_length=400, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("check by the rule")
        verbose_name_plural = _("checks by the rule")
        ordering: ClassVar = ["-checked_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["affiliate", "-checked_at"])]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate"], condition=Q(approved=True), name="approved_by_rule_once")
        ]
        triggers: ClassVar = build_append_only_triggers(redactable=("results", "same_person"))

    def __str__(self) -> str:
        return f"Rule: {self.rule}"
