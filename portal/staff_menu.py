"""The sidebar menu of the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from affiliates.models import Affiliate, ApplicationQuestion, ApprovalRule, Channel, RejectionTemplate
from agreements.models import Acceptance, AgreementVersion, Decline, Program, Promotion
from audit.models import AuditRecord
from compliance.models import AbuseReport, Review, Signal, TargetCheck, TargetNotice, TargetPause, TerminationNotice
from creatives.models import Creative
from mail.models import Message
from messaging.models import Announcement, Conversation
from payouts.models import (
    Adjustment,
    Close,
    CloseException,
    Commission,
    LedgerTransaction,
    Payout,
    PayoutBatch,
    PayoutDetails,
    PayoutHold,
    Statement,
)
from portal.csv_reports.catalog import iter_permitted
from portal.models import ErasureRequest, ScheduledTask
from portal.staff_home import build_changelist_url
from shops.models import Connection, OrderFile, Reject
from tracking.models import Click, ClickLoss, Coupon, Link, Order

MENU: tuple[tuple[str | Promise, tuple[tuple[type[Model], str], ...]], ...] = (
    (
        _("Affiliates"),
        (
            (Affiliate, "group"),
            (Channel, "podcasts"),
            (ApplicationQuestion, "quiz"),
            (RejectionTemplate, "edit_note"),
            (ApprovalRule, "rule"),
            (Conversation, "forum"),
            (Announcement, "campaign"),
            (ErasureRequest, "person_off"),
        ),
    ),
    (
        _("Agreement"),
        (
            (AgreementVersion, "contract"),
            (Acceptance, "verified"),
            (Decline, "cancel"),
            (Promotion, "sell"),
            (Program, "handshake"),
        ),
    ),
    (
        _("Tracking"),
        (
            (Link, "link"),
            (Coupon, "confirmation_number"),
            (Creative, "image"),
            (Order, "shopping_bag"),
            (Connection, "storefront"),
            (OrderFile, "upload_file"),
            (Reject, "report"),
            (Click, "ads_click"),
            (ClickLoss, "leak_remove"),
        ),
    ),
    (
        _("Money"),
        (
            (Commission, "percent"),
            (Close, "event_available"),
            (Statement, "receipt_long"),
            (PayoutBatch, "outbox"),
            (Payout, "payments"),
            (Adjustment, "tune"),
            (PayoutDetails, "account_balance"),
            (PayoutHold, "pause_circle"),
            (CloseException, "error"),
            (LedgerTransaction, "menu_book"),
        ),
    ),
    (
        _("Compliance"),
        (
            (Review, "gavel"),
            (Signal, "flag"),
            (AbuseReport, "campaign"),
            (TargetCheck, "track_changes"),
            (TargetNotice, "trending_down"),
            (TargetPause, "pause"),
            (TerminationNotice, "logout"),
        ),
    ),
    (
        _("Operations"),
        (
            (ScheduledTask, "monitor_heart"),
            (Message, "mail"),
            (AuditRecord, "history"),
            (User, "badge"),
            (ApiKey, "key"),
        ),
    ),
)


def build_sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar for Unfold, with the lists that the user has permission to view."""
    groups: list[dict[str, Any]] = [{"items": [{"title": _("To do"), "icon": "inbox", "link": reverse("admin:index")}]}]
    if request.user.has_perm("tracking.view_reports"):
        reports = {"title": _("Reports"), "icon": "bar_chart", "link": reverse("payouts:staff_reports")}
        unrated = {
            "title": _("Categories without a rate"),
            "icon": "label_off",
            "link": reverse("shops:staff_categories"),
        }
        groups[0]["items"] += [reports, unrated]
    if isinstance(request.user, User) and any(iter_permitted(request.user)):
        files = {"title": _("CSV reports"), "icon": "download", "link": reverse("portal:csv_reports")}
        groups[0]["items"].append(files)
    if request.user.has_perm("shops.view_connection"):
        check = {"title": _("Landing page check"), "icon": "web", "link": reverse("shops:landing_check")}
        groups[0]["items"].append(check)
    for title, models in MENU:
        shown = [
            {"title": capfirst(model._meta.verbose_name_plural), "icon": icon, "link": build_changelist_url(model)}
            for model, icon in models
            if admin.site.is_registered(model) and _can_view(request, model)
        ]
        if (Close, "event_available") in models and _can_view(request, Close):
            shown.insert(
                0, {"title": _("Month-end"), "icon": "route", "link": reverse("admin:payouts_close_month_end")}
            )
        if shown:
            groups.append({"title": title, "separator": True, "items": shown})
    return groups


def _can_view(request: HttpRequest, model: type[Model]) -> bool:
    app, name = model._meta.app_label, model._meta.model_name
    return any(request.user.has_perm(f"{app}.{verb}_{name}") for verb in ("view", "change"))
