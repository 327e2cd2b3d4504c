"""The labels of the values of a report's dimension."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.category_names import load_category_names
from tracking.models import Click, Link
from tracking.models.rollup import UNKNOWN


def get_labels(dimension: str, keys: Sequence[str], *, all_affiliates: bool) -> dict[str, str]:
    """Return {value: label}; in a report of all affiliates a link's label names its affiliate, too."""
    if dimension == "link":
        return {"": _("coupon"), **_get_link_labels([UUID(key) for key in keys if key], all_affiliates)}
    if dimension == "affiliate":
        rows = Affiliate.objects.filter(pk__in=keys)
        return {str(row.pk): f"{row.code} · {row.name}" for row in rows}
    if dimension == "category":
        category_names = load_category_names()
        return {key: category_names[key] for key in keys}
    names = {key: key for key in keys}
    if dimension == "device":
        return (
            names
            | {value: str(label) for value, label in Click.Device.choices}
            | {"": _("coupon, no click"), UNKNOWN: _("unknown")}
        )
    if dimension == "country":
        return names | {"": _("not specified")}
    return names | {"": _("none"), UNKNOWN: _("unknown (click record lost)")}


def _get_link_labels(keys: Sequence[UUID], all_affiliates: bool) -> dict[str, str]:
    rows = Link.objects.filter(pk__in=keys).select_related("affiliate")
    return {str(row.pk): f"{row.affiliate.code} · {row}" if all_affiliates else row.label for row in rows}
