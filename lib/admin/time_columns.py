"""Times in the lists of the admin: without the zone, which the page names once, and with their age as a tooltip."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from lib.formatting import DATETIME_FORMAT, format_age

Column = str | Callable[..., Any]


def render_time(at: datetime | None) -> SafeString | str:
    """Return `at` as a list shows it; "-" for None."""
    if at is None:
        return "-"
    age = timezone.now() - at
    relative = _("%(age)s ago") if age.total_seconds() >= 0 else _("in %(age)s")
    shown = date_format(timezone.localtime(at), DATETIME_FORMAT)
    title = relative % {"age": format_age(abs(age))}
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{at:%Y-%m-%dT%H:%MZ}", title, shown)


@lru_cache(maxsize=256)
def build_time_column(model: type[models.Model], name: str) -> Column:
    """Return the column for the field `name` if it is a time, else `name` itself."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    if not isinstance(field, models.DateTimeField):
        return name

    def show_time(row: models.Model) -> SafeString | str:
        return render_time(getattr(row, name))

    show_time.__name__ = name
    show_time.short_description = field.verbose_name  # type: ignore[attr-defined]  # read by Django's admin
    show_time.shows_time = True  # type: ignore[attr-defined]  # read by `BaseAdmin`
    show_time.admin_order_field = name  # type: ignore[attr-defined]  # read by Django's admin
    return show_time
