"""Agreement versions in the admin: edit, preview, compare, backtest, publish and withdraw (specification 2)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from agreements import changes, numbering, publishing, seeding, version_drafts
from agreements.admin import draft_page, draft_problems, preview_pages, publishing_page, responses_page, translations
from agreements.admin.draft import TERM_GROUPS, DraftForm
from agreements.admin.parts import ActivityInline, ClauseInline, RateInline
from agreements.admin.publishing_page import PublishForm
from agreements.errors import UnresolvedPlaceholder
from agreements.models import AgreementVersion
from agreements.periods import get_start_of_day
from agreements.term_impact import TermImpact, no_impact
from agreements.version_drafts import DRAFT_EDITED
from audit.admin_bases import AuditedAdmin
from lib.admin.actions import ConfirmForm, ReasonForm, run_action
from lib.admin.staff_action import StaffAction, StaffPage
from lib.typed import action


@admin.register(AgreementVersion)
class AgreementVersionAdmin(AuditedAdmin):
    usual_reason = DRAFT_EDITED
    form = DraftForm
    list_select_related = ("withdrawal",)
    list_display = ("name", "state", "effective_at", "published_at", "detriment")
    inlines = (RateInline, ActivityInline, ClauseInline)
    list_before_template = "admin/agreements/start_draft.html"
    actions_detail = ("preview", "translations", "differences", "backtest", "responses", "publish", "withdraw")
    change_form_before_template = "admin/agreements/form_header.html"
    change_form_show_cancel_button = True
    warn_unsaved_form = True
    fieldsets = (
        (gettext_lazy("General"), {"fields": ("name",)}),
        *((heading, {"fields": fields}) for heading, fields in TERM_GROUPS.items()),
    )

    class Media:
        css: ClassVar = {"all": ("draft.css",)}
        js = ("draft.js",)

    def get_fieldsets(self, request: HttpRequest, obj: AgreementVersion | None = None) -> Any:
        """A published version has no form; `build_published_context` shows its facts and terms."""
        return () if obj is not None and obj.published_at is not None else super().get_fieldsets(request, obj)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, obj: Any = None, **kwargs: Any) -> Any:
        if obj is not None and obj.published_at is not None:
            context |= draft_page.build_published_context(obj)
        elif obj is not None:
            formsets = [inline.formset for inline in context["inline_admin_formsets"]]
            context |= draft_page.build_draft_context(obj, context["adminform"].form, formsets)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for button, arrange in (("_sort", numbering.sort_clauses), ("_renumber", numbering.renumber_clauses)):
            if button in request.POST:
                arrange(agreement=form.instance, now=timezone.now(), by=staff_member(request))

    def response_change(self, request: HttpRequest, obj: AgreementVersion) -> HttpResponse:
        if "_sort" in request.POST or "_renumber" in request.POST:
            messages.success(request, _("Draft saved. The clauses are in the order of their numbers."))
            return HttpResponseRedirect(f"{_build_url(obj)}#clauses")
        if obj.published_at is None and (problems := version_drafts.find_problems(obj)):
            text = ngettext(
                "The draft has %d problem, listed at the top of its page, that must be fixed before publishing.",
                "The draft has %d problems, listed at the top of its page, that must be fixed before publishing.",
                len(problems),
            )
            messages.warning(request, text % len(problems))
        response: HttpResponse = super().response_change(request, obj)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # drafts are copies, see `start`

    def has_change_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return (obj is None or obj.published_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return obj is not None and obj.published_at is None and super().has_delete_permission(request, obj)

    @admin.display(description=gettext_lazy("state"))
    def state(self, version: AgreementVersion) -> str:
        if version.effective_at is None:
            return _("draft")
        if hasattr(version, "withdrawal"):
            return _("withdrawn")
        if version.effective_at > timezone.now():
            return _("scheduled")
        in_force = AgreementVersion.objects.get_in_force(timezone.now())
        return _("in force") if version == in_force else _describe_replacement(version)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Offer to start a draft, and to open those there are."""
        drafts = list(AgreementVersion.objects.filter(published_at=None)) if self.has_change_permission(request) else []
        context = {"drafts": drafts, "may_start": self.has_change_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        start = path("start", self.admin_site.admin_view(self.start), name="agreements_agreementversion_start")
        return [start, *super().get_urls()]

    @StaffPage(gettext_lazy("Start a draft"), permission="agreements.change_agreementversion")
    def start(self, request: HttpRequest) -> HttpResponse:
        """Start a draft and open it."""
        started: list[AgreementVersion] = []
        response = run_action(
            request,
            self,
            ConfirmForm,
            _("Start a draft"),
            lambda _answers: started.append(seeding.start_draft(now=timezone.now(), by=staff_member(request))),
            reverse("admin:agreements_agreementversion_changelist"),
            explanation=_("The draft is a copy of the newest version, or of the example agreement if there is none."),
            success_message=_("Draft started. Affiliates see nothing of it until you publish it."),
        )
        return HttpResponseRedirect(_build_url(started[0])) if started else response

    @action(description=gettext_lazy("Preview"), permissions=["view"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return preview_pages.render_preview(request, get_object_or_404(AgreementVersion, pk=object_id))

    @action(description=gettext_lazy("What changes"), permissions=["view"])
    def differences(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return preview_pages.render_differences(request, get_object_or_404(AgreementVersion, pk=object_id))

    @StaffPage(
        gettext_lazy("Translations"),
        permission="agreements.change_agreementversion",
        rows=Q(published_at__isnull=True),
    )
    def translations(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return translations.show_translations(self, request, object_id)

    @StaffPage(gettext_lazy("Backtest"), permission="agreements.change_agreementversion")
    def backtest(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the backtest, which needs orders and commissions of apps above this one."""
        return HttpResponseRedirect(reverse("compliance:backtest", args=[object_id]))

    @StaffPage(gettext_lazy("Affiliates"), permission="agreements.view_acceptance")
    def responses(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """List whom the version is for, and what each answered."""
        version = get_object_or_404(AgreementVersion, pk=object_id)
        try:
            return responses_page.render_responses(self, request, version)
        except UnresolvedPlaceholder as problem:
            return preview_pages.redirect_to_version(request, version, problem)

    def read_impact(self, version: AgreementVersion, affiliate_ids: Collection[UUID]) -> Mapping[UUID, TermImpact]:
        """Return the effect of `version` on affiliates' earnings; the portal's subclass knows their commissions."""
        return no_impact(version, affiliate_ids)

    @StaffPage(
        gettext_lazy("Publish"), permission="agreements.change_agreementversion", rows=Q(published_at__isnull=True)
    )
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = get_object_or_404(AgreementVersion, pk=object_id)
        if draft_problems.get_problems(version):
            messages.error(request, _("Fix the problems listed at the top of this page before publishing."))
            return HttpResponseRedirect(_build_url(version))
        changed = changes.compare_with_predecessor(version)

        def do(answers: dict[str, Any]) -> None:
            if answers["name"] != version.name:
                raise ValidationError({"name": _("Enter the name of this version, %s.") % version.name})
            effective_at = get_start_of_day(answers["effective_at"], ZoneInfo(version.time_zone))
            publishing.publish_version(
                agreement=version,
                effective_at=effective_at,
                now=timezone.now(),
                by=staff_member(request),
                reason=answers["reason"],
                read_impact=self.read_impact,
            )

        return run_action(
            request,
            self,
            PublishForm,
            _("Publish version %s") % version.name,
            do,
            _build_url(version),
            success_message=_("Version %s is published. It can no longer be changed.") % version.name,
            explanation=publishing_page.render_explanation(version, changed),
            initial={"effective_at": publishing_page.compute_earliest_day(version, changed)},
        )

    withdraw = StaffAction(
        gettext_lazy("Withdraw"),
        permission="agreements.change_agreementversion",
        variant="danger",
        rows=Q(published_at__isnull=False, withdrawal__isnull=True, effective_at__gt=lazy(timezone.now, datetime)()),
        form=ReasonForm,
        do=lambda version, answers, now, by: publishing.withdraw_version(agreement=version, now=now, by=by, **answers),
        title=lambda version: _("Withdraw version %s") % version.name,
        success=lambda version: (
            _("Version %s withdrawn. The affiliates who were notified of it receive an e-mail.") % version.name
        ),
        explanation=gettext_lazy(
            "The version never takes effect. The affiliates who were notified of it receive an e-mail with the reason."
        ),
    )


def _build_url(version: AgreementVersion) -> str:
    return reverse("admin:agreements_agreementversion_change", args=[version.pk])


def _describe_replacement(version: AgreementVersion) -> str:
    """Say to whom a version that was replaced still applies, if to anyone (specification 2)."""
    later = AgreementVersion.objects.published().filter(
        effective_at__gt=version.effective_at, effective_at__lte=timezone.now()
    )
    following = later.order_by("effective_at", "number").first()
    if following is not None and not following.detriment:
        text = _("replaced; version %(name)s applies to everybody who accepted this one")
    else:
        text = _("replaced; applies to those who accepted it, until they accept version %(name)s or a later one")
    return text % {"name": following.name if following else "-"}
