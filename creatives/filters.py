"""The filters of the affiliates' page of creatives."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from affiliates.models import Channel
from creatives.models import Creative
from lib.typed import FilterSet


def list_sizes() -> list[tuple[str, str]]:
    """Return the sizes of the banners that are not withdrawn, as choices."""
    banners = Creative.objects.filter(kind=Creative.Kind.BANNER, withdrawn_at=None)
    sizes = banners.order_by("width", "height").values_list("width", "height").distinct()
    return [(f"{width}x{height}", f"{width} × {height}") for width, height in sizes]


class CreativeFilter(FilterSet):
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Creative.Kind.choices, empty_label=_("all"))
    channel = django_filters.ChoiceFilter(
        label=_("For"), method="filter_channel", choices=Channel.Kind.choices, empty_label=_("all channels")
    )
    size = django_filters.ChoiceFilter(
        label=_("Size"), method="filter_size", choices=list_sizes, empty_label=_("all sizes")
    )

    class Meta:
        model = Creative
        fields = ("kind", "channel", "size")

    def filter_channel(self, rows: QuerySet[Creative], _name: str, kind: str) -> QuerySet[Creative]:
        """Filter by a type of channel."""
        return rows.filter(channel_kinds__contains=[kind])

    def filter_size(self, rows: QuerySet[Creative], _name: str, size: str) -> QuerySet[Creative]:
        """Filter by width and height; only banners have them."""
        width, height = size.split("x")
        return rows.filter(width=int(width), height=int(height))

    @property
    def is_active(self) -> bool:
        """Whether the reader chose anything, valid or not."""
        chosen: Any = self.form.cleaned_data if self.form.is_valid() else {"": True}
        return bool(self.form.is_bound and any(chosen.values()))
