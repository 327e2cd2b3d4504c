"""The filters of the list of links."""

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from lib.typed import FilterSet
from tracking.models import Link, LinkName


class LinkFilter(FilterSet):
    """Without a status, all links but the archived ones are listed."""

    search = django_filters.CharFilter(
        label=_("Search"),
        method="filter_text",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or address")}),
    )
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        method="filter_status",
        choices=[("active", _("active")), ("paused", _("paused")), ("archived", _("archived"))],
        empty_label=_("all but archived"),
    )

    class Meta:
        model = Link
        fields = ("search", "status")

    @property
    def qs(self) -> QuerySet[Link]:
        """Return the links that match; none if a value of the form is not valid."""
        if not self.form.is_valid():
            return self.queryset.none()  # type: ignore[no-any-return]  # django-filter has no types
        rows: QuerySet[Link] = super().qs
        return rows if self.form.cleaned_data["status"] == "archived" else rows.filter(archived_at=None)

    def filter_text(self, rows: QuerySet[Link], _name: str, text: str) -> QuerySet[Link]:
        """Filter by the name, the destination, or the code or name of the tracking link, which may be pasted whole."""
        code = text.strip().partition("?")[0].rpartition("/r/")[2] or text
        names = Q(code__icontains=code) | Q(own_name__icontains=code)
        earlier = LinkName.objects.filter(name=code.lower()).values("link")
        return rows.filter(Q(name__icontains=text) | Q(target__icontains=text) | names | Q(pk__in=earlier))

    def filter_status(self, rows: QuerySet[Link], _name: str, status: str) -> QuerySet[Link]:
        """Filter by what staff and affiliates have done with the link; their account may pause all links at once."""
        if status == "archived":
            return rows.filter(archived_at__isnull=False)
        return rows.filter(paused_at__isnull=status == "active")
