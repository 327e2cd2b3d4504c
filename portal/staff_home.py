"""The staff's home in the admin: what waits for whom, by their rights (CONTRACT 10)."""

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
from agreements.models import AgreementVersion, Program
from compliance.models import Review, Signal, TargetNotice
from mail.models import Message
from payouts.models import Adjustment, Close, CloseException, Payout, PayoutBatch
from portal import todo_counts
from portal.models import ErasureRequest, ScheduledTask
from shops.models import Reject
from tracking.models import ClickLoss


def _get_applications_hint() -> str | Promise:
    """Nobody is approved once the end of the program was announced (CONTRACT 8)."""
    ending = Program.objects.filter(end_announced_at__isnull=False).exists()
    return _("to reject: the program ends") if ending else _("to approve or reject")


@dataclass(frozen=True)
class Entry:
    """Something that may wait: for whoever has `permission`; `link` leads to the list of it."""

    label: str | Promise
    hint: str | Promise | Callable[[], str | Promise]
    permission: str
    count_items: Callable[[datetime], todo_counts.Count]
    model: type[Model] | None
    query: dict[str, str]
    # The name of the page's address, where it is no list; and whether there is nothing to say of none.
    url_name: str = ""
    hide_if_none: bool = False


ENTRIES = (
    Entry(
        _("Applications"),
        _get_applications_hint,
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
        _("Reviews to decide"),
        _("the deadline releases what is held"),
        "compliance.decide_review",
        todo_counts.count_reviews,
        Review,
        {"state__exact": "open"},
    ),
    Entry(
        _("Appeals to decide"),
        _("by somebody else than who decided"),
        "compliance.decide_review",
        todo_counts.count_appeals,
        Review,
        {"state__exact": "appealed"},
    ),
    Entry(
        _("Signals"),
        _("to look into"),
        "compliance.change_signal",
        todo_counts.count_signals,
        Signal,
        {"state__exact": "open"},
    ),
    Entry(
        _("Missed targets"),
        _("in their time to cure"),
        "compliance.view_targetnotice",
        todo_counts.count_missed_targets,
        TargetNotice,
        {"state__exact": "running"},
    ),
    Entry(
        _("Adjustments"),
        _("for a second pair of eyes"),
        "payouts.approve_adjustment",
        todo_counts.count_adjustments,
        Adjustment,
        {"state__exact": "proposed"},
    ),
    Entry(
        _("Payouts to submit"),
        _("drafts of a close"),
        "payouts.submit_payoutbatch",
        todo_counts.count_draft_batches,
        PayoutBatch,
        {"state__exact": "draft"},
    ),
    Entry(
        _("Payouts to approve"),
        _("submitted by somebody else"),
        "payouts.approve_payoutbatch",
        todo_counts.count_submitted_batches,
        PayoutBatch,
        {"state__exact": "submitted"},
    ),
    Entry(
        _("Payouts to export"),
        _("approved, not sent yet"),
        "payouts.export_payoutbatch",
        todo_counts.count_approved_batches,
        PayoutBatch,
        {"state__exact": "approved"},
    ),
    Entry(
        _("Payouts without a result"),
        _("sent, the answer is not imported"),
        "payouts.export_payoutbatch",
        todo_counts.count_payouts_without_result,
        Payout,
        {"state__exact": "sent"},
    ),
    Entry(
        _("Months to close"),
        _("ended, their close day has come"),
        "payouts.close_month",
        todo_counts.count_due_months,
        Close,
        {},
    ),
    Entry(
        _("Set aside by the last close"),
        _("their data would have made it fail"),
        "payouts.view_closeexception",
        todo_counts.count_close_exceptions,
        CloseException,
        {},
    ),
    Entry(
        _("Rejected orders"),
        _("to send again or dismiss"),
        "shops.change_reject",
        todo_counts.count_rejects,
        Reject,
        {"state__exact": "open"},
    ),
    Entry(
        _("Categories without a rate"),
        _("ordered in the last 90 days: they earn the rate for everything else"),
        "affiliates.change_affiliate",
        todo_counts.count_unnamed_categories,
        None,
        {},
        url_name="shops:staff_categories",
        hide_if_none=True,
    ),
    Entry(
        _("Unrecorded clicks"),
        _("redirected in the last 7 days, not counted"),
        "tracking.view_clickloss",
        todo_counts.count_lost_clicks,
        ClickLoss,
        {},
    ),
    Entry(
        _("Failed e-mails"),
        _("given up after their retries"),
        "mail.view_message",
        todo_counts.count_failed_mail,
        Message,
        {"state__exact": "failed"},
    ),
    Entry(
        _("Daily questions"),
        _("not answered as they should be"),
        "portal.view_scheduledtask",
        todo_counts.count_problem_tasks,
        ScheduledTask,
        {},
    ),
    Entry(
        _("Nightly proofs"),
        _("found something that must never be so"),
        "portal.view_scheduledtask",
        todo_counts.count_failed_checks,
        ScheduledTask,
        {},
    ),
    Entry(
        _("Requests to be erased"),
        _("by affiliates"),
        "portal.erase_affiliate",
        todo_counts.count_erasure_requests,
        ErasureRequest,
        {"carried_out_at__isnull": "True"},
    ),
)


@dataclass(frozen=True)
class Item:
    """An entry as one member of staff sees it now."""

    label: str
    hint: str
    count: int
    is_late: bool
    link: str


def list_todo_items(user: User, now: datetime) -> list[Item]:
    """What waits that `user` has the permission to deal with: what is late first, then what waits, then what doesn't."""
    found = []
    for entry in ENTRIES:
        if user.has_perm(entry.permission):
            waits = entry.count_items(now)
            if entry.hide_if_none and not waits.number:
                continue
            link = reverse(entry.url_name) if entry.model is None else build_changelist_url(entry.model, entry.query)
            hint = entry.hint() if callable(entry.hint) else entry.hint
            found.append(Item(str(entry.label), str(hint), waits.number, waits.is_late, link))
    return sorted(found, key=lambda item: (not item.is_late, not item.count))


def build_changelist_url(model: type[Model], query: dict[str, str] | None = None) -> str:
    """The address of the admin's list of `model`; "" for one that the admin does not show."""
    if not admin.site.is_registered(model):
        return ""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def add_dashboard_context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback: adds what waits to the `page` of the admin's index."""
    now = timezone.now()
    program = Program.objects.filter(pk=1).first()
    page |= {
        "todo_items": list_todo_items(request.user, now) if isinstance(request.user, User) else [],
        "program": program,
        "agreement_in_force": AgreementVersion.objects.get_in_force(now),
        "program_link": build_changelist_url(Program),
    }
    return page
