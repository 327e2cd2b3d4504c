"""A filter of the list of reviews by what each waits for."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.models import Review, ReviewEvent

State = Review.State


class WaitingFilter(SimpleListFilter):
    """Reviews that wait for the affiliate, for a decision, or for a second person."""

    title = gettext_lazy("what it waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("reply", _("the affiliate’s reply")),
            ("answer", _("the affiliate’s answer to a question")),
            ("decision", _("a decision")),
            ("second_person", _("a second person, who decides the appeal")),
            ("appeal", _("the end of the time to appeal")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "second_person":
            return queryset.filter(state=State.APPEALED)
        if value == "appeal":
            return queryset.filter(state=State.DECIDED)
        if value == "answer":
            return queryset.filter(pk__in=Review.objects.with_open_question().values("pk"))
        replies = ReviewEvent.objects.filter(review=OuterRef("pk"), kind=ReviewEvent.Kind.REPLY)
        replied = Q(reply_by__lte=timezone.now()) | Exists(replies)
        if value == "decision":
            return queryset.filter(replied, state=State.OPEN)
        return queryset.filter(~replied, state=State.OPEN) if value == "reply" else queryset
