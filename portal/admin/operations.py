"""The operations page: each daily question and each nightly proof, what is late, and asking again what was set aside."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.staff import staff_member
from lib.admin.actions import ConfirmForm, run_action
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline
from payouts.admin.bases import money_page
from portal import proofs, questions
from portal.models import Ask, Proof, Question

FAILURES_SHOWN = 20


class AskInline(ReadOnlyInline):
    model = Ask
    fields = ("began_at", "failed_at", "error")
    readonly_fields = fields


@admin.register(Question)
class QuestionAdmin(ReadOnlyAdmin):
    fields = ("name", "asked_at", "answered_at", "answer", "seconds", "failures", "failed_at", "error", "set_aside_at")
    readonly_fields = fields
    inlines = (AskInline,)
    actions_detail = ("try_again",)

    def has_try_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        aside = Question.objects.filter(pk=object_id, set_aside_at__isnull=False)
        return request.user.has_perm("portal.try_question_again") and (request.method == "POST" or aside.exists())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every question of the schedule, also one that was never asked; the proofs; the last failures."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        failures = Ask.objects.filter(failed_at__isnull=False).select_related("question").order_by("-failed_at")
        return money_page(
            self, request, "admin/portal/operations.html", _("Operations"),
            standing=questions.standing(timezone.now()), proofs=proofs.latest(),
            failures=[(questions.title_of(ask.question.name), ask) for ask in failures[:FAILURES_SHOWN]],
        )  # fmt: skip

    @action(description=gettext_lazy("Ask again"), permissions=["try"])  # type: ignore[untyped-decorator]  # unfold has no types
    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have it asked again at beat's next tick."""
        question = get_object_or_404(Question, pk=object_id)
        return run_action(
            request, self, ConfirmForm, _("Ask again"),
            lambda _answers: questions.try_again(question=question, now=timezone.now(), by=staff_member(request)),
            reverse("admin:portal_question_changelist"),
            explanation=_("“%(title)s” was set aside after: %(error)s. It is asked again at its next turn.")
            % {"title": questions.title_of(question.name), "error": question.error},
        )  # fmt: skip


@admin.register(Proof)
class ProofAdmin(ReadOnlyAdmin):
    list_display = ("day", "name", "proven", "violation", "began_at", "seconds")
    list_filter = ("name",)
    fields = list_display
    readonly_fields = fields
