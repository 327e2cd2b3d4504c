"""What this room adds to an affiliate's page in the admin: a review, a suspension, a notice. Upper rooms pull."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.staff_actions import ReasonForm
from affiliates.admin.affiliates import AffiliateAdmin
from affiliates.models import Affiliate, State
from agreements.models import Program
from compliance import termination
from compliance.admin.reviews import opening_address
from compliance.models import TerminationNotice
from payouts.admin.pages import ask

admin.site.unregister(Affiliate)


@admin.register(Affiliate)
class AffiliateWithComplianceAdmin(AffiliateAdmin):
    actions_detail = (  # type: ignore[assignment]  # the page beneath names as many as it has itself
        *AffiliateAdmin.actions_detail,
        "open_review",
        "suspend",
        "reinstate",
        "give_notice",
    )

    def has_open_review_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_review") and self._is(
            request, object_id, State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED
        )

    def has_suspend_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.suspend_affiliate") and self._is(request, object_id, State.ACTIVE)

    def has_reinstate_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.suspend_affiliate") and self._is(request, object_id, State.SUSPENDED)

    def has_notice_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_terminationnotice") and self._is(
            request, object_id, State.APPROVED, State.ACTIVE, State.SUSPENDED
        )

    def _approve(self, request: HttpRequest, affiliates: QuerySet[Affiliate], back: str) -> HttpResponse:
        """Applications close with the announcement of the program's end (CONTRACT 8); rejecting stays possible."""
        if Program.objects.filter(end_announced_at__isnull=False).exists():
            said = _(
                "The end of the program is announced: nobody can be approved any more. Applications can be rejected."
            )
            self.message_user(request, said, level="error")
            return HttpResponseRedirect(back)
        return super()._approve(request, affiliates, back)

    def _is(self, request: HttpRequest, object_id: str, *states: State) -> bool:
        return request.method == "POST" or Affiliate.objects.filter(pk=object_id, state__in=states).exists()

    @action(description=gettext_lazy("Open a review"), permissions=["open_review"])  # type: ignore[untyped-decorator]  # unfold has no types
    def open_review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(opening_address(get_object_or_404(Affiliate, pk=object_id)))

    @action(description=gettext_lazy("Suspend"), permissions=["suspend"])  # type: ignore[untyped-decorator]  # unfold has no types
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask(
            self, request, object_id, ReasonForm, _("Suspend this affiliate"),
            lambda row, answers, now, by: termination.suspend(affiliate=row, now=now, by=by, **answers),
            explanation=_("New clicks and orders do not count, and nothing is paid out, until they are reinstated."),
        )  # fmt: skip

    @action(description=gettext_lazy("Reinstate"), permissions=["reinstate"])  # type: ignore[untyped-decorator]  # unfold has no types
    def reinstate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask(
            self, request, object_id, ReasonForm, _("Reinstate this affiliate"),
            lambda row, answers, now, by: termination.reinstate(affiliate=row, now=now, by=by, **answers),
        )  # fmt: skip

    @action(description=gettext_lazy("Give notice"), permissions=["notice"])  # type: ignore[untyped-decorator]  # unfold has no types
    def give_notice(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask(
            self, request, object_id, ReasonForm, _("Give notice of termination"),
            lambda row, answers, now, by: termination.give_notice(
                affiliate=row, ground=TerminationNotice.Ground.CHOICE, now=now, by=by, **answers
            ),
            explanation=_("The affiliate goes on until the notice has run off, and all that they earned is paid."),
        )  # fmt: skip
