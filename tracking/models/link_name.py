"""The names that affiliates publish links under, such as `anna-garden` of `/r/anna-garden` (specification 4)."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from lib.triggers import build_append_only_triggers
from tracking.models.link import Link

MIN_LENGTH, MAX_LENGTH = 3, 40


class LinkName(models.Model):
    """A name that a link has, or had. It leads to that link for ever, because it was published."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    link = models.ForeignKey(Link, models.PROTECT, related_name="names")
    # Lower case.
    name = models.CharField(_("name in the address"), max_length=MAX_LENGTH, unique=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("name of a tracking link")
        verbose_name_plural = _("names of tracking links")
        default_permissions = ()
        ordering: ClassVar = ["-created_at", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(name__regex=rf"^[a-z0-9-]{{{MIN_LENGTH},{MAX_LENGTH}}}$"), name="link_name_form"
            ),
        ]
        triggers: ClassVar = [
            *build_append_only_triggers(redactable=("name",)),
            pgtrigger.Trigger(
                name="not_a_code",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="""
                    IF EXISTS (SELECT FROM tracking_link WHERE LOWER(code) = NEW.name) THEN
                        RAISE unique_violation USING MESSAGE = format('%s is the code of a link', NEW.name);
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name
