"""Applications in the list of affiliates: the decision on each, with the answers that it rests on."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from affiliates import applications
from affiliates.mail_preview import preview_mail
from affiliates.models import Affiliate, RejectionTemplate, State
from lib.admin.actions import ReasonForm
from lib.admin.pages import build_admin_link
from lib.admin.staff_action import LIST_QUERY, StaffAction
from portal.admin.channels import ApprovalForm
from portal.applications import approve_application, reject_application

DECIDE = "affiliates.decide_application"


class RejectionForm(ReasonForm):
    """Asks for the reason of a rejection, or takes it from a template."""

    template = forms.ModelChoiceField(
        RejectionTemplate.objects.all(),
        label=gettext_lazy("Template"),
        required=False,
        empty_label=gettext_lazy("No template"),
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "The applicant reads it; {name} becomes their name. Leave it empty to send the text of the template."
        ),
    )
    field_order = ("template", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not RejectionTemplate.objects.exists():
            del self.fields["template"]
            self.fields["reason"].help_text = _("The applicant reads it; {name} becomes their name.")

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        template = answers.get("template")
        reason = answers.get("reason", "").strip() or (template.text if template else "")
        if not reason and not self.errors:
            chooses = "template" in self.fields
            self.add_error("reason", _("Enter a reason, or choose a template.") if chooses else _("Enter a reason."))
        return {"reason": reason}


def lists_applications(request: HttpRequest) -> bool:
    """Return whether the list shows applications alone."""
    return request.GET.get("state__exact") == State.APPLIED.value or "application" in request.GET


def _find_obstacle(affiliate: Any) -> str:
    # `confirmed` is annotated by the list.
    return "" if affiliate.confirmed else _("The e-mail address is not confirmed yet.")


class ApplicationActions:
    """The part of the admin of affiliates that decides applications."""

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Show applications that wait for a decision oldest first."""
        return ("applied_at", "id") if lists_applications(request) else tuple(super().get_ordering(request))  # type: ignore[misc]

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Add the answers and the decision to the list of applications."""
        columns: tuple[Any, ...] = tuple(super().get_list_display(request))  # type: ignore[misc]  # a mixin
        if not lists_applications(request):
            return columns
        # All are in the same state.
        shown = [column for column in columns if column != "state_label"]
        if request.user.has_perm(DECIDE):
            shown.insert(3, build_decision_column(request))
        return (*shown, show_answers)

    approve = StaffAction(
        gettext_lazy("Approve"),
        permission=DECIDE,
        rows=Q(state=State.APPLIED),
        form=ApprovalForm,
        do=lambda affiliate, answers, now, by: approve_application(affiliate=affiliate, now=now, by=by, **answers),
        title=lambda affiliate: _("Approve %s") % affiliate,
        explanation=gettext_lazy(
            "Pending channels are approved too, so reject the ones you don't want first. The applicant is notified by"
            " e-mail and becomes active once they have accepted the agreement."
        ),
        success=lambda affiliate: link_next_application(affiliate, _("%s approved and e-mailed.") % affiliate),
        list_label=gettext_lazy("Approve the applications"),
        list_title=gettext_lazy("Approve %s"),
        list_success=lambda count: (
            ngettext("%(count)d application approved.", "%(count)d applications approved.", count) % {"count": count}
        ),
        find_obstacle=_find_obstacle,
        preview=lambda affiliate, _answers, now, by: preview_mail(
            lambda: approve_application(affiliate=affiliate, now=now, by=by, reason="-"),
            affiliate=affiliate,
            kind="application_approved",
        ),
        icon="check",
        variant="primary",
    )
    reject = StaffAction(
        gettext_lazy("Reject"),
        permission=DECIDE,
        rows=Q(state=State.APPLIED),
        form=RejectionForm,
        do=lambda affiliate, answers, now, by: reject_application(affiliate=affiliate, now=now, by=by, **answers),
        title=lambda affiliate: _("Reject %s") % affiliate,
        explanation=gettext_lazy("The reason is shown to the applicant. A rejection is final."),
        success=lambda affiliate: link_next_application(affiliate, _("%s rejected and e-mailed.") % affiliate),
        list_label=gettext_lazy("Reject the applications"),
        list_title=gettext_lazy("Reject %s"),
        list_success=lambda count: (
            ngettext("%(count)d application rejected.", "%(count)d applications rejected.", count) % {"count": count}
        ),
        preview=lambda affiliate, answers, now, by: preview_mail(
            lambda: reject_application(
                affiliate=affiliate, now=now, by=by, reason=(answers or {}).get("reason") or _("[your reason]")
            ),
            affiliate=affiliate,
            kind="application_rejected",
            follows_form=True,
        ),
        icon="close",
        variant="danger",
    )


def link_next_application(affiliate: Affiliate, done: str) -> str:
    """Return the message `done` with a link to the application that waits longest, apart from this one."""
    waiting = applications.filter_decidable(Affiliate.objects.exclude(pk=affiliate.pk))
    following = waiting.order_by("applied_at", "pk").first()
    if following is None:
        return format_html("{} {}", done, _("No other application waits."))
    link = build_admin_link(following, _("Next application: %s") % following.name)
    return format_html("{} {}", done, link)


@admin.display(description=gettext_lazy("answers"))
def show_answers(affiliate: Affiliate) -> SafeString | str:
    """Show an applicant's answers under their questions."""
    rows = ((one.question, one.answer) for one in affiliate.application_answers.all())
    return format_html_join("", '<p class="answer"><b>{}</b><br>{}</p>', rows) or "-"


def build_decision_column(request: HttpRequest) -> Any:
    """Return a column with the decisions of each row, which lead back to the list as it is filtered now."""
    query = urlencode({LIST_QUERY: request.GET.urlencode()})

    @admin.display(description=gettext_lazy("decision"))
    def decision(affiliate: Affiliate) -> SafeString:
        links = (
            (reverse(f"admin:affiliates_affiliate_{action}", args=[affiliate.pk]), query, label, affiliate, label)
            for action, label in (("approve", _("Approve")), ("reject", _("Reject")))
        )
        return format_html(
            '<span class="row-actions">{}</span>',
            format_html_join(" ", '<a href="{}?{}" aria-label="{} {}">{}</a>', links),
        )

    return decision
