"""Private notes of staff about an affiliate, and the tags by which staff group affiliates."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers


class AffiliateNote(models.Model):
    """A note of staff for themselves, dated and signed, never shown to the affiliate. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="notes")
    at = models.DateTimeField(_("date"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField(_("note"))

    class Meta:
        verbose_name = _("private note")
        default_permissions = ("view", "add")
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["affiliate", "-at"])]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(text=""), name="affiliate_note_has_text"),
        ]
        triggers: ClassVar = build_append_only_triggers(redactable=("text",))

    def __str__(self) -> str:
        return self.text


class AffiliateTag(models.Model):
    """A short word by which staff group affiliates."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=30)
    affiliates = models.ManyToManyField(Affiliate, blank=True, related_name="tags", verbose_name=_("affiliates"))

    class Meta:
        verbose_name = _("tag")
        default_permissions = ("view", "change")
        ordering: ClassVar = [Lower("name")]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="affiliate_tag_unique_name"),
            models.CheckConstraint(condition=~models.Q(name=""), name="affiliate_tag_has_name"),
        ]

    def __str__(self) -> str:
        return self.name
