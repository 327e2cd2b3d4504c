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
from agreements.models import Agreement, Program
from compliance.models import Review, Signal, TargetNotice
from mail.models import Message
from payouts.models import Adjustment, Close, Payout, PayoutBatch, SetAside
from portal import waiting
from portal.models import ErasureRequest, Question
from shops.models import Reject
from tracking.models import ClickLoss


def _applications_hint() -> str | Promise:
    """Nobody is approved once the end of the program was announced (CONTRACT 8)."""
    ending = Program.objects.filter(end_announced_at__isnull=False).exists()
    return _("to reject: the program ends") if ending else _("to approve or reject")


@dataclass(frozen=True)
class Entry:
    """Something that may wait: for whoever has `right`; `link` leads to the list of it."""

    label: str | Promise
    hint: str | Promise | Callable[[], str | Promise]
    right: str
    counted: Callable[[datetime], waiting.Count]
    model: type[Model] | None
    query: dict[str, str]
    # The name of the page's address, where it is no list; and whether there is nothing to say of none.
    address: str = ""
    only_if_any: bool = False


ENTRIES = (
    Entry(
        _("Applications"),
        _applications_hint,
        "affiliates.decide_application",
        waiting.applications,
        Affiliate,
        {"state__exact": "applied"},
    ),
    Entry(
        _("Channels"),
        _("to approve or reject"),
        "affiliates.decide_channel",
        waiting.channels,
        Channel,
        {"state__exact": "pending"},
    ),
    Entry(
        _("Reviews to decide"),
        _("the deadline releases what is held"),
        "compliance.decide_review",
        waiting.reviews,
        Review,
        {"state__exact": "open"},
    ),
    Entry(
        _("Appeals to decide"),
        _("by somebody else than who decided"),
        "compliance.decide_review",
        waiting.appeals,
        Review,
        {"state__exact": "appealed"},
    ),
    Entry(
        _("Signals"), _("to look into"), "compliance.change_signal", waiting.signals, Signal, {"state__exact": "open"}
    ),
    Entry(
        _("Missed targets"),
        _("in their time to cure"),
        "compliance.view_targetnotice",
        waiting.targets,
        TargetNotice,
        {"state__exact": "running"},
    ),
    Entry(
        _("Adjustments"),
        _("for a second pair of eyes"),
        "payouts.approve_adjustment",
        waiting.adjustments,
        Adjustment,
        {"state__exact": "proposed"},
    ),
    Entry(
        _("Payouts to submit"),
        _("drafts of a close"),
        "payouts.submit_payoutbatch",
        waiting.drafts,
        PayoutBatch,
        {"state__exact": "draft"},
    ),
    Entry(
        _("Payouts to approve"),
        _("submitted by somebody else"),
        "payouts.approve_payoutbatch",
        waiting.submitted,
        PayoutBatch,
        {"state__exact": "submitted"},
    ),
    Entry(
        _("Payouts to export"),
        _("approved, not sent yet"),
        "payouts.export_payoutbatch",
        waiting.approved,
        PayoutBatch,
        {"state__exact": "approved"},
    ),
    Entry(
        _("Payouts without a result"),
        _("sent, the answer is not imported"),
        "payouts.export_payoutbatch",
        waiting.without_result,
        Payout,
        {"state__exact": "sent"},
    ),
    Entry(_("Months to close"), _("ended, their close day has come"), "payouts.close_month", waiting.months, Close, {}),
    Entry(
        _("Set aside by the last close"),
        _("their data would have made it fail"),
        "payouts.view_setaside",
        waiting.set_aside,
        SetAside,
        {},
    ),
    Entry(
        _("Rejected orders"),
        _("to send again or dismiss"),
        "shops.change_reject",
        waiting.rejects,
        Reject,
        {"state__exact": "open"},
    ),
    Entry(
        _("Categories without a rate"),
        _("ordered in the last 90 days: they earn the rate for everything else"),
        "affiliates.change_affiliate",
        waiting.unnamed_categories,
        None,
        {},
        address="shops:staff_categories",
        only_if_any=True,
    ),
    Entry(
        _("Unrecorded clicks"),
        _("redirected in the last 7 days, not counted"),
        "tracking.view_clickloss",
        waiting.lost_clicks,
        ClickLoss,
        {},
    ),
    Entry(
        _("Failed e-mails"),
        _("given up after their retries"),
        "mail.view_message",
        waiting.failed_mail,
        Message,
        {"state__exact": "failed"},
    ),
    Entry(
        _("Daily questions"),
        _("not answered as they should be"),
        "portal.view_question",
        waiting.questions,
        Question,
        {},
    ),
    Entry(
        _("Nightly proofs"),
        _("found something that must never be so"),
        "portal.view_question",
        waiting.proofs,
        Question,
        {},
    ),
    Entry(
        _("Requests to be erased"),
        _("by affiliates"),
        "portal.erase_affiliate",
        waiting.erasures,
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
    late: bool
    link: str


def items(user: User, now: datetime) -> list[Item]:
    """What waits that `user` has the right to deal with: what is late first, then what waits, then what doesn't."""
    found = []
    for entry in ENTRIES:
        if user.has_perm(entry.right):
            waits = entry.counted(now)
            if entry.only_if_any and not waits.number:
                continue
            link = reverse(entry.address) if entry.model is None else listing(entry.model, entry.query)
            hint = entry.hint() if callable(entry.hint) else entry.hint
            found.append(Item(str(entry.label), str(hint), waits.number, waits.late, link))
    return sorted(found, key=lambda item: (not item.late, not item.count))


def listing(model: type[Model], query: dict[str, str] | None = None) -> str:
    """The address of the admin's list of `model`; "" for one that the admin does not show."""
    if not admin.site.is_registered(model):
        return ""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address


def context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback: adds what waits to the `page` of the admin's index."""
    now = timezone.now()
    program = Program.objects.filter(pk=1).first()
    page |= {
        "waiting": items(request.user, now) if isinstance(request.user, User) else [],
        "program": program,
        "agreement_in_force": Agreement.objects.in_force(now),
        "program_link": listing(Program),
    }
    return page
