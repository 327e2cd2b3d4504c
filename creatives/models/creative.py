"""Creatives, which staff upload, and the links under which affiliates published them (specification 10)."""

from datetime import datetime
from typing import ClassVar, Self

import pgtrigger
from django.conf import global_settings, settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, Channel
from lib.foreign_keys import build_no_delete_triggers
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers
from tracking.models import Link

# What staff may still change, because it shows on no channel of an affiliate.
CHANGEABLE = ("title", "channel_kinds", "active_from", "active_until")
_WITHDRAWAL = ("withdrawn_at", "withdrawn_by_id", "withdrawal_reason")


class CreativeQuerySet(models.QuerySet["Creative"]):
    def available(self, at: datetime) -> Self:
        """Return the creatives that affiliates may use at that time."""
        started = self.filter(withdrawn_at=None, active_from__lte=at)
        return started.filter(Q(active_until=None) | Q(active_until__gt=at))


def _build_fixed_trigger() -> pgtrigger.Trigger:
    """Return a trigger that keeps what affiliates have published, and everything once a creative is withdrawn."""
    names = ", ".join(f"'{column}'" for column in (*CHANGEABLE, *_WITHDRAWAL))
    return pgtrigger.Trigger(
        name="fixed_content",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"""
            IF OLD.withdrawn_at IS NOT NULL OR to_jsonb(OLD) - ARRAY[{names}] <> to_jsonb(NEW) - ARRAY[{names}] THEN
                RAISE EXCEPTION 'creative % cannot be changed', OLD.id;
            END IF;
            RETURN NEW;
        """,
    )


class Creative(models.Model):
    """A banner or a text that affiliates publish with their own link in it. Its content never changes."""

    class Kind(models.TextChoices):
        BANNER = "banner", _("banner")
        TEXT = "text", _("text")

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("scheduled")
        ACTIVE = "active", _("active")
        EXPIRED = "expired", _("expired")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(_("title"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    channel_kinds = ArrayField(models.CharField(max_length=12, choices=Channel.Kind), verbose_name=_("channel types"))
    target = models.URLField(_("landing page"), max_length=2000)
    # "" means that it suits readers of every language.
    language = models.CharField(_("language"), max_length=10, blank=True)
    # Of a banner only: read from the file.
    media_type = models.CharField(_("file type"), max_length=20, blank=True)
    width = models.PositiveSmallIntegerField(_("width"), null=True)
    height = models.PositiveSmallIntegerField(_("height"), null=True)
    alternative_text = models.CharField(_("alternative text"), max_length=200, blank=True)
    # Of a text only, with the placeholder for the affiliate's link.
    body = models.TextField(_("text"), blank=True)
    active_from = models.DateTimeField(_("active from"))
    active_until = models.DateTimeField(_("active until"), null=True, blank=True)
    created_at = models.DateTimeField(_("uploaded"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("withdrawn by")
    )
    withdrawal_reason = models.TextField(_("reason for the withdrawal"), blank=True)

    objects = CreativeQuerySet.as_manager()

    class Meta:
        verbose_name = _("creative")
        verbose_name_plural = _("creatives")
        ordering: ClassVar = ["-created_at", "-id"]
        default_permissions: ClassVar = ("view", "add", "change")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(kind="banner", body="", width__gte=1, height__gte=1) & ~Q(media_type="") & ~Q(alternative_text="")
                )
                | (Q(kind="text", media_type="", alternative_text="", width=None, height=None) & ~Q(body="")),
                name="creative_is_banner_or_text",
            ),
            models.CheckConstraint(condition=Q(channel_kinds__len__gte=1), name="creative_has_channel_kind"),
            models.CheckConstraint(
                condition=Q(active_until=None) | Q(active_until__gt=F("active_from")), name="creative_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawal_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="creative_withdrawal_has_reason",
            ),
        ]
        triggers: ClassVar = [*build_no_delete_triggers(), _build_fixed_trigger()]

    def __str__(self) -> str:
        return self.title

    @property
    def size(self) -> str:
        """The dimensions of a banner in pixels: "300 × 250"; "" for a text."""
        return f"{self.width} × {self.height}" if self.width else ""

    @property
    def language_name(self) -> str:
        """The name of the language; "" if it suits readers of every language."""
        return gettext(dict(global_settings.LANGUAGES)[self.language]) if self.language else ""

    @property
    def channel_labels(self) -> str:
        return ", ".join(str(Channel.Kind(kind).label) for kind in self.channel_kinds)

    def get_state(self, at: datetime) -> State:
        """Return the state at that time."""
        if self.withdrawn_at is not None:
            return self.State.WITHDRAWN
        if at < self.active_from:
            return self.State.SCHEDULED
        is_over = self.active_until is not None and self.active_until <= at
        return self.State.EXPIRED if is_over else self.State.ACTIVE


class CreativeImage(models.Model):
    """The file of a banner, in a table of its own so that lists don't read it."""

    creative = models.OneToOneField(Creative, models.PROTECT, primary_key=True, related_name="image")
    content = models.BinaryField()

    class Meta:
        verbose_name = _("image of a creative")
        verbose_name_plural = _("images of creatives")
        default_permissions: ClassVar = ()
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return str(self.creative_id)


def _build_same_affiliate_trigger() -> pgtrigger.Trigger:
    """Return a trigger that rejects another affiliate's link."""
    return pgtrigger.Trigger(
        name="same_affiliate",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func="""
            IF NOT EXISTS (SELECT FROM tracking_link link
                            WHERE link.id = NEW.link_id AND link.affiliate_id = NEW.affiliate_id) THEN
                RAISE EXCEPTION 'link % is not of affiliate %', NEW.link_id, NEW.affiliate_id;
            END IF;
            RETURN NEW;
        """,
    )


class CreativeLink(models.Model):
    """The tracking link with which an affiliate publishes a creative. Its clicks and orders are those of the creative."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    creative = models.ForeignKey(Creative, models.PROTECT, related_name="links")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="creative_links")
    link = models.OneToOneField(Link, models.PROTECT, related_name="creative_link")
    created_at = models.DateTimeField(_("copied"))

    class Meta:
        verbose_name = _("link of a creative")
        verbose_name_plural = _("links of creatives")
        default_permissions: ClassVar = ()
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creative", "affiliate"], name="one_link_per_creative_and_affiliate")
        ]
        triggers: ClassVar = [*build_append_only_triggers(), _build_same_affiliate_trigger()]

    def __str__(self) -> str:
        return str(self.link_id)
