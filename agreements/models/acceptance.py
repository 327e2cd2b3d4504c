"""Evidence that an affiliate accepted a version: append-only, chained, personal fields apart (specification 2)."""

from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models.agreement import AgreementVersion
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers, build_no_update_triggers


class AcceptanceQuerySet(models.QuerySet["Acceptance"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Acceptance(models.Model):
    class Method(models.TextChoices):
        ONLINE = "online", _("online (checkbox)")
        OFFLINE = "offline", _("on paper, before this system")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The position in the chain, without gaps.
    sequence = models.PositiveIntegerField(unique=True)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="acceptances")
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="acceptances")
    method = models.CharField(_("method"), max_length=10, choices=Method)
    # When it takes effect; for an acceptance on paper, the date on the paper.
    accepted_at = models.DateTimeField(_("accepted"))
    recorded_at = models.DateTimeField(_("recorded"))
    language = models.CharField(_("language"), max_length=10, default="en")
    text_sha256 = models.CharField(_("SHA-256 of the text"), max_length=64)
    differences = models.TextField(_("differences shown"), blank=True)
    box_ticked = models.BooleanField(_("box ticked"))
    box_label = models.TextField(_("label of the box"), blank=True)
    button_label = models.CharField(_("label of the button"), max_length=100, blank=True)
    page_revision = models.CharField(_("revision of the page"), max_length=64, blank=True)
    # {field: salted SHA-256} of the fields of AcceptancePerson.
    personal_digests = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(_("hash"), max_length=64, unique=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("acceptance")
        ordering: ClassVar = ["sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate", "agreement"], name="one_acceptance_per_version"),
            models.CheckConstraint(
                condition=Q(method="online", box_ticked=True) | Q(method="offline", box_ticked=False),
                name="online_acceptance_has_box_ticked",
            ),
        ]
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return f"{self.affiliate} accepted {self.agreement}"


class AcceptancePerson(models.Model):
    """The personal fields of an acceptance; after erasure the record keeps their digests (specification 9)."""

    acceptance = models.OneToOneField(Acceptance, models.PROTECT, primary_key=True, related_name="person")
    salt = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    email = models.EmailField()
    address = models.CharField(_("IP address"), max_length=45, blank=True)
    user_agent = models.TextField(_("browser"), blank=True)
    session = models.CharField(max_length=64, blank=True)
    # Where the program keeps an acceptance on paper.
    evidence = models.TextField(_("evidence"), blank=True)

    class Meta:
        verbose_name = _("personal fields of an acceptance")
        triggers: ClassVar = build_no_update_triggers()

    def __str__(self) -> str:
        return self.name
