"""Affiliates: persons and companies that promote the shop."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from lib.foreign_keys import build_no_delete_triggers
from lib.formatting import format_date
from lib.ids import uuid7


class State(models.TextChoices):
    """The states of an affiliate (specification 8); `affiliates.status_history` defines the transitions."""

    APPLIED = "applied", _("applied")
    APPROVED = "approved", _("approved")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    LEAVING = "leaving", _("leaving")
    TERMINATED = "terminated", _("terminated")
    REJECTED = "rejected", _("rejected")


class Affiliate(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="affiliate")
    code = models.CharField(
        _("code"),
        max_length=32,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[A-Za-z0-9][A-Za-z0-9_-]*\Z",
                _("Use only letters, digits, - and _."),
            )
        ],
    )
    name = models.CharField(_("name"), max_length=200)
    country = CountryField(_("country"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.APPLIED)
    state_since = models.DateTimeField(_("since"))
    applied_at = models.DateTimeField(_("applied"))
    # When the notice of a leaving affiliate, or of one with a termination notice, expires.
    notice_ends_at = models.DateTimeField(_("notice ends"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, default="UTC")
    # "" means the browser's language on pages and the installation's language in e-mails.
    language = models.CharField(_("language"), max_length=10, blank=True, default="", db_default="")
    muted_kinds = ArrayField(models.CharField(max_length=60), default=list, blank=True, db_default=[])
    erased_at = models.DateTimeField(null=True, editable=False)
    # When what erasure retains was deleted, too: `retention_years` after the affiliate has gone (specification 9).
    retention_ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("affiliate")
        ordering: ClassVar = ["-applied_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["state", "applied_at"]),
            models.Index(fields=["-applied_at", "-id"]),
            # For the search by the beginning of a code in any letter case, and of each word of a name.
            models.Index(OpClass(Upper("code"), name="text_pattern_ops"), name="affiliate_code_start"),
            GinIndex(SearchVector("name", config="simple"), name="affiliate_name_words"),
        ]
        permissions: ClassVar = [
            ("decide_application", "Can approve and reject applications"),
            ("import_affiliates", "Can import affiliates from a file"),
        ]
        triggers: ClassVar = build_no_delete_triggers()

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def email(self) -> str:
        return str(self.user.email)

    @property
    def state_text(self) -> str:
        """Return the state for staff, with the day on which a running notice ends."""
        if self.notice_ends_at is None:
            return self.get_state_display()
        values = {"state": self.get_state_display(), "day": format_date(self.notice_ends_at)}
        if self.state == State.LEAVING:
            return gettext("%(state)s until %(day)s") % values
        return gettext("%(state)s, notice of termination until %(day)s") % values
