"""Versions in the admin: a draft as a form with its parts, preview, what changes, publish, withdraw (CONTRACT 2)."""

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from accounts.admin_bases import AuditedAdmin
from accounts.models import User
from accounts.staff_actions import ConfirmForm, ReasonForm, run_action
from agreements import changes, drafting, publishing, reading, seeding
from agreements.admin.mending import listed
from agreements.admin.parts import ActivityInline, ClauseInline, RateInline
from agreements.admin.translations import TranslationsPage
from agreements.currencies import TWO_DECIMALS
from agreements.errors import UnresolvedPlaceholder
from agreements.forms import AcceptForm, button_label
from agreements.models import Agreement
from agreements.rendering import PLACEHOLDERS
from agreements.terms import TERMS, date_and_time
from agreements.views import language


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """The terms of a draft; every bound of CONTRACT 2 is said beside its field."""

    class Meta:
        model = Agreement
        fields = ("name", *TERMS)
        help_texts = {name: term.help for name, term in TERMS.items()}

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        floor, ceiling = answers.get("rate_floor"), answers.get("rate_ceiling")
        if floor is not None and ceiling is not None and floor > ceiling:
            self.add_error("rate_floor", _("The lowest rate is above the highest."))
        if "currency" in answers and answers["currency"] not in TWO_DECIMALS:
            self.add_error("currency", _("Not an ISO 4217 code of a currency with two decimals."))
        if "time_zone" in answers and not drafting.is_zone(answers["time_zone"]):
            self.add_error("time_zone", _("Not the name of a time zone, such as Europe/Berlin."))
        return answers


class PublishForm(forms.Form):
    """From when, and the version's name typed again, because nothing can be changed afterwards."""

    effective_at = forms.DateField(
        label=gettext_lazy("Takes effect on"),
        widget=UnfoldAdminDateWidget,
        help_text=gettext_lazy("At the first instant of this day in the program's time zone."),
    )
    name = forms.CharField(
        label=gettext_lazy("Type the name of the version to confirm"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


@admin.register(Agreement)
class AgreementAdmin(TranslationsPage, AuditedAdmin):
    form = DraftForm
    list_select_related = ("withdrawal",)
    list_display = ("name", "state", "effective_at", "published_at", "detriment")
    inlines = (RateInline, ActivityInline, ClauseInline)
    readonly_fields = ("to_mend", "placeholders", "effective_at", "published_at", "published_by", "detriment")
    actions_list = ("start",)
    actions_detail = ("preview", "translations", "differences", "rehearse", "publish", "withdraw")
    change_form_show_cancel_button = True
    fieldsets = (
        (gettext_lazy("General"), {"fields": ("to_mend", "name", "placeholders")}),
        (gettext_lazy("Published"), {"fields": (("effective_at", "published_at"), ("published_by", "detriment"))}),
        (gettext_lazy("Program"), {"fields": (("currency", "time_zone"),)}),
        (
            gettext_lazy("Commission"),
            {
                "fields": (
                    ("rate_floor", "rate_ceiling"),
                    ("attribution_days", "order_commission_cap"),
                    "validation_days",
                )
            },
        ),
        (gettext_lazy("Payment"), {"fields": (("payout_minimum", "close_day"), "payout_details_hold_days")}),
        (gettext_lazy("Sales target"), {"fields": (("target_orders", "target_days"), "target_cure_days")}),
        (
            gettext_lazy("Times"),
            {
                "fields": (
                    ("reply_days", "review_days", "appeal_days"),
                    ("change_notice_days", "termination_notice_days", "retention_years"),
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Agreement | None = None) -> Any:
        """What is only known of a published version is not asked of a draft, and the other way round."""
        published = obj is not None and obj.published_at is not None
        general, when, *rest = super().get_fieldsets(request, obj)
        shown = (None, {"fields": ("name",)}) if published else general
        return [shown, when, *rest] if published else [shown, *rest]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a draft starts as a copy, or from the example: never from nothing

    def has_change_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return (obj is None or obj.published_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return obj is not None and obj.published_at is None and super().has_delete_permission(request, obj)

    @admin.display(description=gettext_lazy("state"))
    def state(self, agreement: Agreement) -> str:
        if agreement.effective_at is None:
            return _("draft")
        if hasattr(agreement, "withdrawal"):
            return _("withdrawn")
        return _("in effect") if agreement.effective_at <= timezone.now() else _("to come")

    @admin.display(description=gettext_lazy("to mend before publishing"))
    def to_mend(self, agreement: Agreement) -> str:
        return listed(agreement)

    @admin.display(description=gettext_lazy("placeholders for the text of clauses"))
    def placeholders(self, agreement: Agreement) -> str:
        return " ".join(f"{{{name}}}" for name in PLACEHOLDERS)

    # --- Buttons -------------------------------------------------------------------------------------------------

    def has_draft_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("agreements.change_agreement")

    def has_publish_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        # A button stands only where it can do something; whoever is too late gets a message, not a refusal.
        rows = Agreement.objects.drafts().filter(pk=object_id)
        return self.has_draft_permission(request) and (request.method == "POST" or rows.exists())

    def has_withdraw_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        rows = Agreement.objects.upcoming(timezone.now()).filter(pk=object_id)
        return self.has_draft_permission(request) and (request.method == "POST" or rows.exists())

    @action(description=gettext_lazy("Start a draft"), permissions=["draft"])  # type: ignore[untyped-decorator]  # unfold has no types
    def start(self, request: HttpRequest) -> HttpResponse:
        return run_action(
            request,
            self,
            ConfirmForm,
            _("Start a draft"),
            lambda _answers: seeding.start_draft(now=timezone.now(), by=_staff(request)),
            reverse("admin:agreements_agreement_changelist"),
            explanation=_("It starts as a copy of the newest version; where there is none, as the example that ships."),
        )

    @action(description=gettext_lazy("Preview"), permissions=["view"])  # type: ignore[untyped-decorator]  # unfold has no types
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page that an affiliate will see, with buttons that do nothing."""
        agreement = get_object_or_404(Agreement, pk=object_id)
        before = changes.predecessor(agreement)
        chosen = language.for_page(request, agreement)
        try:
            context = language.context(agreement, chosen) | {
                "agreement": agreement,
                "current": before,
                "changed": changes.of(agreement, before, chosen) if before else None,
                "document": reading.document_of(agreement, chosen),
                "text": reading.text_of(agreement, chosen),
                "form": AcceptForm(agreement),
                "button": button_label(),
                "now": timezone.now(),
                "preview": True,
            }
        except UnresolvedPlaceholder as problem:
            return _back(request, agreement, problem)
        return render(request, "agreements/accept.html", context)

    @action(description=gettext_lazy("What changes"), permissions=["view"])  # type: ignore[untyped-decorator]  # unfold has no types
    def differences(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Against the version before, or against any earlier one."""
        agreement = get_object_or_404(Agreement, pk=object_id)
        earlier = Agreement.objects.published().exclude(pk=agreement.pk).order_by("-effective_at")
        if agreement.effective_at:
            earlier = earlier.filter(effective_at__lt=agreement.effective_at)
        since = next((v for v in earlier if str(v.pk) == request.GET.get("since")), changes.predecessor(agreement))
        chosen = language.for_page(request, agreement)
        try:
            changed = changes.of(agreement, since, chosen) if since else None
        except UnresolvedPlaceholder as problem:
            return _back(request, agreement, problem)
        base = reverse("admin:agreements_agreement_preview", args=[agreement.pk])
        facts = {"agreement": agreement, "since": since, "changed": changed, "earlier": earlier, "base": base}
        context = language.context(agreement, chosen) | facts
        return render(request, "agreements/changes.html", context)

    @action(description=gettext_lazy("Rehearse"), permissions=["draft"])  # type: ignore[untyped-decorator]  # unfold has no types
    def rehearse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Orders and commissions stand above this room, so it only knows the address."""
        return HttpResponseRedirect(reverse("compliance:rehearsal", args=[object_id]))

    @action(description=gettext_lazy("Publish"), permissions=["publish"])  # type: ignore[untyped-decorator]  # unfold has no types
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        agreement = get_object_or_404(Agreement, pk=object_id)

        def do(answers: dict[str, Any]) -> None:
            if answers["name"] != agreement.name:
                raise ValidationError({"name": _("The name of this version is %s.") % agreement.name})
            effective_at = publishing.midnight(cast("date", answers["effective_at"]), agreement.time_zone)
            publishing.publish(agreement=agreement, effective_at=effective_at, now=timezone.now(), by=_staff(request))

        return run_action(
            request,
            self,
            PublishForm,
            _("Publish version %s") % agreement.name,
            do,
            _address(agreement),
            explanation=_explanation(agreement),
        )

    @action(description=gettext_lazy("Withdraw"), permissions=["withdraw"])  # type: ignore[untyped-decorator]  # unfold has no types
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        agreement = get_object_or_404(Agreement, pk=object_id)
        return run_action(
            request,
            self,
            ReasonForm,
            _("Withdraw version %s") % agreement.name,
            lambda answers: publishing.withdraw(
                agreement=agreement, now=timezone.now(), by=_staff(request), reason=answers["reason"]
            ),
            _address(agreement),
            explanation=_("It never takes effect. Those who were told of it are told this, with the reason."),
        )


def _staff(request: HttpRequest) -> User:
    return cast("User", request.user)


def _address(agreement: Agreement) -> str:
    return reverse("admin:agreements_agreement_change", args=[agreement.pk])


def _back(request: HttpRequest, agreement: Agreement, problem: ValidationError) -> HttpResponse:
    messages.error(request, " ".join(problem.messages))
    return HttpResponseRedirect(_address(agreement))


def _explanation(agreement: Agreement) -> str:
    """What publishing will mean: whether notice is due, and from when at the earliest."""
    try:
        changed = changes.since_before(agreement)
    except UnresolvedPlaceholder as problem:
        return " ".join(problem.messages)
    if changed is None:
        return _("The first version may take effect at any date, also in the past. It can't be changed afterwards.")
    if not changed.detriment:
        return _(
            "Nothing in it is to the affiliates' detriment, so it needs no notice. It can't be changed afterwards."
        )
    earliest = date_and_time(publishing.earliest_with_notice(timezone.now()), agreement.time_zone)
    return (
        _(
            "Something in it is to the affiliates' detriment: each is told and asked."
            " It takes effect at the earliest on %s, and can't be changed afterwards."
        )
        % earliest
    )
