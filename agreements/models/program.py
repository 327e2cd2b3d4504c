"""The one program that an installation runs."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Program(models.Model):
    """A single row; `Program.current()` makes it on first need."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    shop_url = models.URLField(_("address of the shop"), blank=True)
    # Tracking links may lead to these hosts and nowhere else.
    shop_hosts = ArrayField(models.CharField(max_length=253), default=list, blank=True, verbose_name=_("shop hosts"))
    # Set once: from then on beat closes months and checks targets by itself (CONTRACT 6).
    opened_at = models.DateTimeField(_("opened"), null=True, editable=False)
    # Announced: applications close; from `ends_at` links redirect untracked (CONTRACT 8).
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
