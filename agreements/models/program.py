"""The program that an installation runs."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib.request_values import read_once


class Program(models.Model):
    """A single row, created by `Program.current()` when first needed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    shop_url = models.URLField(_("shop URL"), blank=True)
    # The only hosts that tracking links may lead to.
    shop_hosts = ArrayField(models.CharField(max_length=253), default=list, blank=True, verbose_name=_("shop hosts"))
    # Set once; from then on scheduled tasks close months and check targets (specification 6).
    opened_at = models.DateTimeField(_("opened"), null=True, editable=False)
    # From the announcement on no one can apply; from `ends_at` on links redirect untracked (specification 8).
    end_announced_at = models.DateTimeField(_("end announced"), null=True, editable=False)
    ends_at = models.DateTimeField(_("ends"), null=True, editable=False)

    class Meta:
        verbose_name = _("program")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="one_program"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True, end_announced_at__isnull=True)
                | Q(ends_at__isnull=False, end_announced_at__isnull=False),
                name="program_end_is_announced",
            ),
        ]

    def __str__(self) -> str:
        return "Program"

    @classmethod
    def current(cls) -> "Program":
        return cls.objects.get_or_create(pk=1)[0]

    @classmethod
    @read_once
    def find(cls) -> "Program | None":
        """Return the row without creating it; it is read once a page, so do not change it."""
        return cls.objects.filter(pk=1).first()
