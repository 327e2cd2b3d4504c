"""The entries of the staff's to-do list (specification 10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agreements.models import Decline
from compliance.models import Review, Signal, TargetNotice
from mail.models import Message
from messaging.models import Conversation
from payouts.models import Adjustment, Payout, PayoutBatch
from portal import todo_counts
from portal.models import ErasureRequest, ScheduledTask
from portal.todo_counts import SOON, OpenRows, Tally
from shops.models import Connection


@dataclass(frozen=True, eq=False)
class Entry:
    """A kind of open work, for staff with `permission`.

    It links to the list of the rows that it counts. Of what is not counted as rows, `model` and `query` name the list,
    or `url_name` the page.
    """

    label: str | Promise
    hint: str | Promise
    permission: str
    work: OpenRows | Callable[[datetime], Tally]
    model: type[Model] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    url_name: str = ""
    hide_if_none: bool = False


ENTRIES = (
    Entry(
        _("Applications"),
        _("to approve or reject"),
        "affiliates.decide_application",
        todo_counts.APPLICATIONS,
    ),
    Entry(
        _("Channels"),
        _("to approve or reject"),
        "affiliates.decide_channel",
        todo_counts.CHANNELS,
    ),
    Entry(
        _("Messages to answer"),
        _("from affiliates"),
        "messaging.answer_conversation",
        OpenRows(Conversation, {"state__in": "unread,read"}, since="last_message_at", patience=SOON),
    ),
    Entry(
        _("Reviews to decide"),
        _("decide before the deadline, or held commissions are released"),
        "compliance.decide_review",
        OpenRows(Review, {"state__exact": "open"}, due="decide_by"),
    ),
    Entry(
        _("Appeals to decide"),
        _("by a reviewer who did not decide the review"),
        "compliance.decide_review",
        OpenRows(Review, {"state__exact": "appealed"}, due="appeal_decide_by"),
    ),
    Entry(
        _("Signals"),
        _("to check"),
        "compliance.change_signal",
        OpenRows(Signal, {"state__exact": "open"}, since="raised_at"),
    ),
    Entry(
        _("Missed targets"),
        _("in the grace period to meet the target"),
        "compliance.view_targetnotice",
        OpenRows(TargetNotice, {"state__exact": "running"}, due="cure_by"),
    ),
    Entry(
        _("Declined versions"),
        _("affiliates who leave when the version takes effect"),
        "agreements.view_decline",
        OpenRows(Decline, {"state__exact": "pending"}, due="takes_effect_at"),
        hide_if_none=True,
    ),
    Entry(
        _("Adjustments"),
        _("waiting for a second approver"),
        "payouts.approve_adjustment",
        OpenRows(Adjustment, {"state__exact": "proposed"}, since="made_at"),
    ),
    Entry(
        _("Payouts to submit"),
        _("draft batches"),
        "payouts.submit_payoutbatch",
        OpenRows(PayoutBatch, {"state__exact": "draft"}, since="created_at"),
    ),
    Entry(
        _("Payouts to approve"),
        _("waiting for a second approver"),
        "payouts.approve_payoutbatch",
        OpenRows(PayoutBatch, {"state__exact": "submitted"}, since="submitted_at"),
    ),
    Entry(
        _("Payouts to export"),
        _("approved, not yet exported"),
        "payouts.export_payoutbatch",
        OpenRows(PayoutBatch, {"state__exact": "approved"}, since="approved_at"),
    ),
    Entry(
        _("Payouts without a result"),
        _("exported, bank results not imported"),
        "payouts.export_payoutbatch",
        OpenRows(Payout, {"state__exact": "sent"}, since="sent_at"),
    ),
    Entry(
        _("Payouts that came back"),
        _("failed or returned; decide, or the next close pays them again"),
        "payouts.return_payout",
        todo_counts.CAME_BACK,
    ),
    Entry(
        _("Months to close"),
        _("month-end close is due"),
        "payouts.close_month",
        todo_counts.tally_due_months,
        url_name="admin:payouts_close_close_next",
    ),
    Entry(
        _("Close exceptions"),
        _("excluded from the last close because of bad data"),
        "payouts.view_closeexception",
        todo_counts.CLOSE_EXCEPTIONS,
    ),
    Entry(
        _("Rejected orders"),
        _("to send again or dismiss"),
        "shops.change_reject",
        todo_counts.REJECTS,
    ),
    Entry(
        _("Silent shop connections"),
        _("no event for much longer than usual"),
        "shops.change_connection",
        todo_counts.tally_silent_connections,
        model=Connection,
        hide_if_none=True,
    ),
    Entry(
        _("Failing APIs of shops"),
        _("they have failed for more than an hour"),
        "shops.change_connection",
        todo_counts.tally_failing_shop_apis,
        model=Connection,
        hide_if_none=True,
    ),
    Entry(
        _("Categories without a rate"),
        _("sold in the last 90 days but not on the rate card; they earn the rate for everything else"),
        "affiliates.change_affiliate",
        todo_counts.tally_unrated_categories,
        url_name="shops:staff_categories",
        hide_if_none=True,
    ),
    Entry(
        _("Lost clicks"),
        _("redirected in the last 7 days but not recorded"),
        "tracking.view_clickloss",
        todo_counts.LOST_CLICKS,
    ),
    Entry(
        _("Failed e-mails"),
        _("not delivered after several attempts"),
        "mail.view_message",
        OpenRows(Message, {"state__exact": "failed"}, since="created_at", always_late=True),
    ),
    Entry(
        _("Scheduled tasks"),
        _("disabled, failing or overdue"),
        "portal.view_scheduledtask",
        todo_counts.tally_problem_tasks,
        model=ScheduledTask,
        query={"problems": "tasks"},
    ),
    Entry(
        _("Nightly integrity checks"),
        _("integrity check failed"),
        "portal.view_scheduledtask",
        todo_counts.FAILED_CHECKS,
    ),
    Entry(
        _("Deletion requests"),
        _("from affiliates"),
        "portal.erase_affiliate",
        OpenRows(
            ErasureRequest,
            {"carried_out_at__isnull": "True"},
            since="requested_at",
            patience=timedelta(days=21),
        ),
    ),
)
