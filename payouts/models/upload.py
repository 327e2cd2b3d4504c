"""CSV files that staff have uploaded and not yet imported."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7


class Upload(models.Model):
    """A file between upload and import: only its uploader sees it, and it is deleted with the import."""

    class Kind(models.TextChoices):
        AFFILIATES = "affiliates", _("affiliates")
        RESULTS = "results", _("payout results")
        PRODUCTS = "products", _("products of a shop")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("file"), max_length=200)
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("uploaded by")
    )
    sha256 = models.CharField("SHA-256", max_length=64)
    # Encrypted, because it may hold names, addresses and accounts.
    content = models.BinaryField()
    # {field: column index}; empty until the columns are mapped.
    columns = models.JSONField(default=dict)
    preset = models.CharField(max_length=30, blank=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name
