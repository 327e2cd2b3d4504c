"""Calls to a shop's API that fail, until one of the same kind succeeds (specification 11)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from shops.models.connection import Connection


class ApiFailure(models.Model):
    """A kind of call to a connection's API that fails: since when, and why the last one did."""

    class Call(models.TextChoices):
        ORDERS = "orders", _("Orders are not completed")
        SEARCH = "search", _("Missed events are not searched for")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="api_failures")
    call = models.CharField(max_length=10, choices=Call)
    since = models.DateTimeField()
    failed_at = models.DateTimeField()
    cause = models.TextField()
    # The HTTP status of the answer, 0 without one.
    status = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("failure of a shop's API")
        verbose_name_plural = _("failures of shops' APIs")
        ordering: ClassVar = ["connection", "call"]
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "call"], name="api_failure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_call_display()}: {self.cause}"
