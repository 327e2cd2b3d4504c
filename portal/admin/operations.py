"""The operations page: each daily task and each nightly proof, what is late, and asking again what was set aside."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from lib.admin.actions import ConfirmForm, run_action
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline
from lib.typed import action
from payouts.admin.bases import money_page
from portal import integrity_checks, scheduled_tasks
from portal.models import IntegrityCheck, ScheduledTask, TaskRun

MAX_FAILURES_SHOWN = 20


class TaskRunInline(ReadOnlyInline):
    model = TaskRun
    fields = ("started_at", "failed_at", "error")
    readonly_fields = fields


@admin.register(ScheduledTask)
class ScheduledTaskAdmin(ReadOnlyAdmin):
    fields = (
        "name",
        "last_run_at",
        "last_success_at",
        "result",
        "seconds",
        "failures",
        "failed_at",
        "error",
        "disabled_at",
    )
    readonly_fields = fields
    inlines = (TaskRunInline,)
    actions_detail = ("enable_task",)

    def has_enable_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        aside = ScheduledTask.objects.filter(pk=object_id, disabled_at__isnull=False)
        return request.user.has_perm("portal.enable_scheduledtask") and (request.method == "POST" or aside.exists())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every task of the schedule, also one that was never asked; the proofs; the last failures."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        failures = TaskRun.objects.filter(failed_at__isnull=False).select_related("task").order_by("-failed_at")
        return money_page(
            self, request, "admin/portal/operations.html", _("Operations"),
            task_statuses=scheduled_tasks.list_task_statuses(timezone.now()), integrity_checks=integrity_checks.list_latest_checks(),
            failures=[(scheduled_tasks.get_title(ask.task.name), ask) for ask in failures[:MAX_FAILURES_SHOWN]],
        )  # fmt: skip

    @action(description=gettext_lazy("Ask again"), permissions=["enable"])
    def enable_task(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have it asked again at beat's next tick."""
        task = get_object_or_404(ScheduledTask, pk=object_id)
        return run_action(
            request, self, ConfirmForm, _("Ask again"),
            lambda _answers: scheduled_tasks.enable_task(task=task, now=timezone.now(), by=staff_member(request)),
            reverse("admin:portal_scheduledtask_changelist"),
            explanation=_("“%(title)s” was set aside after: %(error)s. It is asked again at its next turn.")
            % {"title": scheduled_tasks.get_title(task.name), "error": task.error},
        )  # fmt: skip


@admin.register(IntegrityCheck)
class IntegrityCheckAdmin(ReadOnlyAdmin):
    list_display = ("day", "name", "summary", "violation", "started_at", "seconds")
    list_filter = ("name",)
    fields = list_display
    readonly_fields = fields
