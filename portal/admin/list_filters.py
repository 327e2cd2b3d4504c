"""Filters of lists in the admin that show what waits for a decision, as the staff's home counts it."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates import applications, channels


class ApplicationFilter(SimpleListFilter):
    """Applications that can be decided, and those whose e-mail address is not confirmed yet."""

    title = gettext_lazy("application")
    parameter_name = "application"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("to_decide", _("to decide")), ("unconfirmed", _("waiting for e-mail confirmation"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "to_decide":
            return applications.filter_decidable(queryset)
        return applications.filter_unconfirmed(queryset) if self.value() == "unconfirmed" else queryset


class ChannelDecisionFilter(SimpleListFilter):
    """Pending channels that are not decided with an application."""

    title = gettext_lazy("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", _("to decide, of approved affiliates"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return channels.filter_decidable(queryset) if self.value() == "open" else queryset
