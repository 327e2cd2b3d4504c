"""Counters of attempts while Valkey is unavailable (docs/adr/0015)."""

from typing import ClassVar

from django.db import models


class AttemptCounter(models.Model):
    # A hash of what is limited, so that the table holds neither addresses nor accounts.
    key = models.CharField(primary_key=True, max_length=80)
    count = models.IntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.key
