"""The operations page of the admin: scheduled tasks and nightly integrity checks."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline
from lib.admin.staff_action import StaffAction
from payouts.admin.bases import money_page
from portal import integrity_checks, scheduled_tasks, tasks
from portal.models import IntegrityCheck, ScheduledTask, TaskRun

MAX_FAILURES_SHOWN = 20


class TaskRunInline(ReadOnlyInline):
    model = TaskRun
    fields = ("started_at", "failed_at", "error")
    readonly_fields = fields


@admin.register(ScheduledTask)
class ScheduledTaskAdmin(ReadOnlyAdmin):
    ordering = ("name",)
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

    enable_task = StaffAction(
        gettext_lazy("Enable"),
        permission="portal.enable_scheduledtask",
        rows=Q(disabled_at__isnull=False),
        do=lambda task, _answers, now, by: scheduled_tasks.enable_task(task=task, now=now, by=by),
        title=gettext_lazy("Enable task"),
        success=lambda task: _("“%s” is enabled. It runs again as scheduled.") % scheduled_tasks.get_title(task.name),
        explanation=lambda task: (
            _("“%(title)s” was disabled after: %(error)s. Once enabled, it runs again as scheduled.")
            % {"title": scheduled_tasks.get_title(task.name), "error": task.error}
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show every scheduled task, also those that have never run, the integrity checks and the last failures.

        `?problems=tasks` shows the tasks alone that need attention, `?problems=checks` the checks that failed.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        problems = request.GET.get("problems", "")
        statuses, checks = scheduled_tasks.list_task_statuses(timezone.now()), integrity_checks.list_latest_checks()
        daily_tasks = [task.name for task in (tasks.verify_ledger, tasks.verify_acceptances, tasks.verify_rollups)]
        started = scheduled_tasks.get_first_run_time()
        every = max((one.every for one in statuses if one.name in daily_tasks), default=timedelta())
        first_check = integrity_checks.get_first_check_time(started, every) if started else None
        if problems == "tasks":
            statuses = [status for status in statuses if status.state in scheduled_tasks.PROBLEM_STATES]
        if problems == "checks":
            checks = [check for check in checks if check.violation]
        failures = TaskRun.objects.filter(failed_at__isnull=False).select_related("task").order_by("-failed_at")
        return money_page(
            self,
            request,
            "admin/portal/operations.html",
            _("Scheduled tasks"),
            problems=problems,
            task_statuses=statuses,
            integrity_checks=checks,
            earliest_hour=integrity_checks.EARLIEST_HOUR,
            first_check=first_check,
            is_check_late=bool(first_check and timezone.now() > first_check + scheduled_tasks.LATENESS_TOLERANCE),
            daily_tasks=daily_tasks,
            failures=[(scheduled_tasks.get_title(run.task.name), run) for run in failures[:MAX_FAILURES_SHOWN]],
        )


@admin.register(IntegrityCheck)
class IntegrityCheckAdmin(ReadOnlyAdmin):
    ordering = ("-day", "name")
    list_display = ("day", "name", "summary", "violation", "started_at", "seconds")
    list_filter = ("name",)
    fields = list_display
    readonly_fields = fields
