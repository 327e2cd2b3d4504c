"""CSV files of orders that staff upload and preview before importing them (specification 4)."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lib.ids import uuid7


class OrderFileQuerySet(models.QuerySet["OrderFile"]):
    def visible_to(self, user: User) -> Self:
        """Return the files of `user` and those imported by others; a waiting file is private to its uploader."""
        return self.filter(Q(uploaded_by=user) | Q(state=OrderFile.State.IMPORTED))


class OrderFile(models.Model):
    """An uploaded file, the mapping of its columns, and the expected and actual outcomes of its import."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        IMPORTING = "importing", _("importing")
        IMPORTED = "imported", _("imported")
        DISCARDED = "discarded", _("discarded")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("file"), max_length=200)
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    # Of the uploaded bytes, which contain customer data: they are stored encrypted, and deleted after import.
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField(null=True)
    headings = models.JSONField()
    # Finds the mapping for the next file with the same headings.
    headings_sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField(_("rows"))
    # {snapshot field: column index}; empty until the columns are mapped.
    columns = models.JSONField(default=dict)
    # The shop's export by which the columns are read, see `shops.csv_import.presets`; "" for none.
    preset = models.CharField(max_length=30, blank=True)
    # How the file is read: sentences of the preview about defaults and ignored columns.
    notes = models.JSONField(default=list)
    orders = models.PositiveIntegerField(_("orders"), default=0)
    # {outcome: number of orders}: of the preview, and of the import.
    expected_outcomes = models.JSONField(default=dict)
    outcomes = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    # The number of orders imported, from which an interrupted import continues.
    processed = models.PositiveIntegerField(default=0)
    decided_at = models.DateTimeField(_("decided"), null=True)

    objects = OrderFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("order import")
        verbose_name_plural = _("order imports")
        ordering: ClassVar = ["-uploaded_at", "-id"]
        default_permissions: ClassVar = ("view",)
        permissions: ClassVar = [("import_orders", _("Can import orders from a file"))]
        indexes: ClassVar = [models.Index(fields=["headings_sha256", "-uploaded_at"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(content__isnull=False, state__in=["waiting", "importing"])
                | Q(content__isnull=True, state__in=["imported", "discarded"]),
                name="order_file_kept_while_needed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OrderFileReject(models.Model):
    """A rejected order of a file: of the preview while the file is waiting, of the import afterwards."""

    order_file = models.ForeignKey(OrderFile, models.CASCADE, related_name="rejects")
    row = models.PositiveIntegerField(_("row"))
    order_id = models.CharField(_("order"), max_length=64, blank=True)
    field = models.CharField(_("field"), max_length=200, blank=True)
    heading = models.CharField(_("column"), max_length=200, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10)
    cause = models.TextField(_("cause"))

    class Meta:
        verbose_name = _("rejected order of an import")
        default_permissions: ClassVar = ()
        ordering: ClassVar = ["order_file", "row", "pk"]
        indexes: ClassVar = [models.Index(fields=["order_file", "row"])]

    def __str__(self) -> str:
        return f"{self.row}: {self.field}"
