"""API keys of the shop for the API (specification 4)."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7


class Scope(models.TextChoices):
    """A permission of an API key."""

    ORDERS_WRITE = "orders:write", _("send orders")
    ORDERS_READ = "orders:read", _("read orders")
    REPORTS_READ = "reports:read", _("download reports")


def list_order_scopes() -> list[str]:
    """Return the permissions that a shop needs, and that a key has by default."""
    return [str(scope.value) for scope in (Scope.ORDERS_WRITE, Scope.ORDERS_READ)]


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("key prefix"), max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20), default=list_order_scopes, verbose_name=_("permissions"))
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    # Set by rotation: until then the key works beside its replacement.
    expires_at = models.DateTimeField(_("valid until"), null=True)
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaces")

    class Meta:
        verbose_name = _("API key")
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(replaced_by__isnull=True, expires_at__isnull=True)
                | models.Q(replaced_by__isnull=False, expires_at__isnull=False),
                name="api_key_ends_when_replaced",
            ),
        ]

    def __str__(self) -> str:
        return self.name
