"""Keys with which the shop signs in to the orders API (CONTRACT 4): shown once, stored hashed, revocable."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7


class Scope(models.TextChoices):
    """What a key opens; whoever only reads orders needs no key that writes them."""

    ORDERS_WRITE = "orders:write", _("send orders")
    ORDERS_READ = "orders:read", _("read orders")


def list_scopes() -> list[str]:
    return [str(scope.value) for scope in Scope]


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20), default=list_scopes, verbose_name=_("may"))
    created_at = models.DateTimeField(_("made"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    # Set when it is rotated: until then it works beside the key that replaces it.
    expires_at = models.DateTimeField(_("works until"), null=True)
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
