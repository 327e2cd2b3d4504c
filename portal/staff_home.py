"""The home of staff in the admin: a to-do list by their permissions (specification 10)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from affiliates.models import Affiliate, Channel
from agreements.models import AgreementVersion, Decline, Program
from compliance.models import Review, Signal, TargetNotice
from mail.models import Message
from messaging.models import Conversation
from payouts.models import Adjustment, Close, CloseException, Payout, PayoutBatch
from portal import todo_counts, todo_hints
from portal.models import ErasureRequest, ScheduledTask
from portal.setup_steps import list_missing_steps
from shops.models import Connection, Reject
from tracking.models import ClickLoss


@dataclass(frozen=True)
class Entry:
    """A kind of to-do item, for staff with `permission`; it links to the list of `model` filtered by `query`."""

    label: str | Promise
    hint: str | Promise | Callable[[], str | Promise]
    permission: str
    count_items: Callable[[datetime], todo_counts.Count]
    model: type[Model] | None
    query: dict[str, str]
    # For a page that is no list of a model.
    url_name: str = ""
    hide_if_none: bool = False


ENTRIES = (
    Entry(
        _("Applications"),
        todo_hints.get_applications_hint,
        "affiliates.decide_application",
        todo_counts.count_applications,
        Affiliate,
        {"state__exact": "applied"},
    ),
    Entry(
        _("Channels"),
        _("to approve or reject"),
        "affiliates.decide_channel",
        todo_counts.count_channels,
        Channel,
        {"state__exact": "pending"},
    ),
    Entry(
        _("Messages to answer"),
        _("from affiliates"),
        "messaging.answer_conversation",
        todo_counts.count_messages_to_answer,
        Conversation,
        {"state__in": "unread,read"},
    ),
    Entry(
        _("Reviews to decide"),
        _("decide before the deadline, or held commissions are released"),
        "compliance.decide_review",
        todo_counts.count_reviews,
        Review,
        {"state__exact": "open"},
    ),
    Entry(
        _("Appeals to decide"),
        _("must be decided by a different reviewer"),
        "compliance.decide_review",
        todo_counts.count_appeals,
        Review,
        {"state__exact": "appealed"},
    ),
    Entry(
        _("Signals"),
        _("to check"),
        "compliance.change_signal",
        todo_counts.count_signals,
        Signal,
        {"state__exact": "open"},
    ),
    Entry(
        _("Missed targets"),
        _("in the grace period to meet the target"),
        "compliance.view_targetnotice",
        todo_counts.count_missed_targets,
        TargetNotice,
        {"state__exact": "running"},
    ),
    Entry(
        _("Declined versions"),
        _("affiliates who leave when the version takes effect"),
        "agreements.view_decline",
        todo_counts.count_pending_declines,
        Decline,
        {"state__exact": "pending"},
        hide_if_none=True,
    ),
    Entry(
        _("Adjustments"),
        _("waiting for a second approver"),
        "payouts.approve_adjustment",
        todo_counts.count_adjustments,
        Adjustment,
        {"state__exact": "proposed"},
    ),
    Entry(
        _("Payouts to submit"),
        _("draft batches"),
        "payouts.submit_payoutbatch",
        todo_counts.count_draft_batches,
        PayoutBatch,
        {"state__exact": "draft"},
    ),
    Entry(
        _("Payouts to approve"),
        _("waiting for a second approver"),
        "payouts.approve_payoutbatch",
        todo_counts.count_submitted_batches,
        PayoutBatch,
        {"state__exact": "submitted"},
    ),
    Entry(
        _("Payouts to export"),
        _("approved, not yet exported"),
        "payouts.export_payoutbatch",
        todo_counts.count_approved_batches,
        PayoutBatch,
        {"state__exact": "approved"},
    ),
    Entry(
        _("Payouts without a result"),
        _("exported, bank results not imported"),
        "payouts.export_payoutbatch",
        todo_counts.count_payouts_without_result,
        Payout,
        {"state__exact": "sent"},
    ),
    Entry(
        _("Months to close"),
        _("month-end close is due"),
        "payouts.close_month",
        todo_counts.count_due_months,
        Close,
        {},
    ),
    Entry(
        _("Close exceptions"),
        _("excluded from the last close because of bad data"),
        "payouts.view_closeexception",
        todo_counts.count_close_exceptions,
        CloseException,
        {},
    ),
    Entry(
        _("Rejected orders"),
        todo_hints.get_rejects_hint,
        "shops.change_reject",
        todo_counts.count_rejects,
        Reject,
        {"state__exact": "open"},
    ),
    Entry(
        _("Silent shop connections"),
        todo_hints.get_silence_hint,
        "shops.change_connection",
        todo_counts.count_silent_connections,
        Connection,
        {"state__exact": "active"},
        hide_if_none=True,
    ),
    Entry(
        _("Failing APIs of shops"),
        todo_hints.get_api_failure_hint,
        "shops.change_connection",
        todo_counts.count_failing_shop_apis,
        Connection,
        {"state__exact": "active"},
        hide_if_none=True,
    ),
    Entry(
        _("Categories without a rate"),
        _("sold in the last 90 days but not on the rate card; they earn the rate for everything else"),
        "affiliates.change_affiliate",
        todo_counts.count_unrated_categories,
        None,
        {},
        url_name="shops:staff_categories",
        hide_if_none=True,
    ),
    Entry(
        _("Lost clicks"),
        _("redirected in the last 7 days but not recorded"),
        "tracking.view_clickloss",
        todo_counts.count_lost_clicks,
        ClickLoss,
        {},
    ),
    Entry(
        _("Failed e-mails"),
        _("not delivered after several attempts"),
        "mail.view_message",
        todo_counts.count_failed_mail,
        Message,
        {"state__exact": "failed"},
    ),
    Entry(
        _("Scheduled tasks"),
        _("disabled, failing or overdue"),
        "portal.view_scheduledtask",
        todo_counts.count_problem_tasks,
        ScheduledTask,
        {},
    ),
    Entry(
        _("Nightly integrity checks"),
        _("integrity check failed"),
        "portal.view_scheduledtask",
        todo_counts.count_failed_checks,
        ScheduledTask,
        {},
    ),
    Entry(
        _("Deletion requests"),
        _("from affiliates"),
        "portal.erase_affiliate",
        todo_counts.count_erasure_requests,
        ErasureRequest,
        {"carried_out_at__isnull": "True"},
    ),
)


@dataclass(frozen=True)
class Item:
    """The current state of an entry, as one member of staff sees it."""

    label: str
    hint: str
    count: int
    is_late: bool
    link: str


def list_todo_items(user: User, now: datetime) -> list[Item]:
    """Return the to-do items that `user` has permission for: late ones first, empty ones last."""
    items = []
    for entry in ENTRIES:
        if user.has_perm(entry.permission):
            count = entry.count_items(now)
            if entry.hide_if_none and not count.number:
                continue
            link = reverse(entry.url_name) if entry.model is None else build_changelist_url(entry.model, entry.query)
            hint = entry.hint() if callable(entry.hint) else entry.hint
            items.append(Item(str(entry.label), str(hint), count.number, count.is_late, link))
    return sorted(items, key=lambda item: (not item.is_late, not item.count))


def build_changelist_url(model: type[Model], query: dict[str, str] | None = None) -> str:
    """Return the address of the admin list of `model`; "" if the admin does not have it."""
    if not admin.site.is_registered(model):
        return ""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def add_dashboard_context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """Add the to-do list to the context of the admin's index (Unfold's DASHBOARD_CALLBACK)."""
    now = timezone.now()
    program = Program.objects.filter(pk=1).first()
    page |= {
        "todo_items": list_todo_items(request.user, now) if isinstance(request.user, User) else [],
        "program": program,
        "agreement_in_force": AgreementVersion.objects.get_in_force(now),
        "program_link": build_changelist_url(Program),
        "missing_steps": list_missing_steps(now) if request.user.is_superuser else [],
    }
    return page
