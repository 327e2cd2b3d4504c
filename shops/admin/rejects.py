"""The rejects inbox: rows of orders that were refused, to correct, to send again or to put away (CONTRACT 4)."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from affiliates.errors import IllegalTransition
from lib.admin.actions import ConfirmForm, ReasonForm, describe_rows, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_admin_link, build_changelist_url, run_row_action
from lib.typed import action
from payouts.admin.bases import money_page
from shops import rejects
from shops.admin.reject_forms import build_reject_form, format_row
from shops.models import Reject
from shops.rejects import RejectedAgain, ResendResult

MAX_CAUSES_SHOWN = 5
# The characters of a row that a page shows; what came is kept whole.
MAX_CHARACTERS_SHOWN = 20_000


@admin.register(Reject)
class RejectAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order_id", "field", "cause", "outcome", "state", "source")
    list_filter = ("state", "outcome", "field")
    search_fields = ("order_id", "cause")
    fields = (
        "received_at", "source", "address", "order_id", "outcome", "field", "cause", "content_display", "state", "decided_at",
        "decided_by", "note", "corrected_display", "order_link",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("resend_selected", "dismiss_selected")
    actions_detail = ("correct", "resend", "dismiss")

    @admin.display(description=gettext_lazy("content"))
    def content_display(self, row: Reject) -> SafeString:
        return _format_content(row.content)

    @admin.display(description=gettext_lazy("as corrected"))
    def corrected_display(self, row: Reject) -> SafeString | str:
        return _format_content(row.corrected_content) if row.corrected_content else "-"

    @admin.display(description=gettext_lazy("taken as"))
    def order_link(self, row: Reject) -> SafeString | str:
        return build_admin_link(row.accepted_order)

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if not request.user.has_perm("shops.change_reject"):
            return False
        # An answer that comes too late is told why by the domain, rather than forbidden.
        if object_id is None or request.method == "POST":
            return True
        return Reject.objects.filter(pk=object_id, state=Reject.State.OPEN).exists()

    @action(description=gettext_lazy("Correct and send"), permissions=["decide"])
    def correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Change what was refused; what came is kept beside it."""
        row = get_object_or_404(Reject, pk=object_id)
        back = reverse("admin:shops_reject_change", args=[row.pk])
        posted = request.POST if request.method == "POST" else None
        form = build_reject_form(row.content, posted)
        if not form.is_valid():
            pass  # an empty text: the form says so
        elif posted is None:
            form.add_rejection(row.field, row.cause)
        else:
            try:
                result = rejects.correct(reject=row, text=form.to_json(), now=timezone.now(), by=staff_member(request))
            except RejectedAgain as refusal:
                form.add_rejection(refusal.result.field, refusal.result.cause)
            except IllegalTransition as refusal:
                messages.error(request, str(refusal))
                return HttpResponseRedirect(back)
            else:
                messages.success(request, _("Taken: %(outcome)s.") % {"outcome": result.outcome})
                return HttpResponseRedirect(back)
        title = _("Correct this row and send it")
        return money_page(self, request, "admin/shops/correct_reject.html", title, form=form, row=row, back=back)

    @action(description=gettext_lazy("Send again"), permissions=["decide"])
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the row as it stands, once what stood against it is gone."""
        return run_row_action(
            self, request, object_id, ConfirmForm, _("Send this row again"),
            lambda row, _answers, now, by: rejects.resend(reject=row, now=now, by=by),
            explanation=_("The row is read again as it stands. It stays in the inbox if it is refused again."),
        )  # fmt: skip

    @action(description=gettext_lazy("Dismiss"), permissions=["decide"])
    def dismiss(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put it away, with the reason."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Dismiss this row"),
            lambda row, answers, now, by: rejects.dismiss(reject=row, reason=answers["reason"], now=now, by=by),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Send the rows again as they stand"), permissions=["decide"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Reject]) -> HttpResponse:
        """For causes that have gone away."""

        def send(_answers: dict[str, object]) -> None:
            _add_result_messages(
                request, rejects.resend_all(rejects=queryset, now=timezone.now(), by=staff_member(request))
            )

        return run_action(
            request, self, ConfirmForm, _("Send again: %(what)s") % {"what": describe_rows(queryset)}, send, build_changelist_url(Reject),
            explanation=_("Each row is read again as it stands. Those that are refused again stay in the inbox."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Dismiss the rows"), permissions=["decide"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Reject]) -> HttpResponse:
        """All of them for one reason."""
        return run_action(
            request, self, ReasonForm, _("Dismiss: %(what)s") % {"what": describe_rows(queryset)},
            lambda answers: rejects.dismiss_all(
                rejects=queryset, reason=answers["reason"], now=timezone.now(), by=staff_member(request)
            ),
            build_changelist_url(Reject),
            explanation=_("Rows that somebody has dealt with already are left as they are."),
        )  # fmt: skip


def _add_result_messages(request: HttpRequest, sent: ResendResult) -> None:
    """How many were taken, and the first of those that were refused again, with the causes."""
    taken = ngettext("%(count)d row was taken.", "%(count)d rows were taken.", len(sent.accepted))
    messages.info(request, taken % {"count": len(sent.accepted)})
    if sent.rejected:
        refused = ngettext(
            "%(count)d row is refused again: %(rows)s", "%(count)d rows are refused again: %(rows)s", len(sent.rejected)
        )
        first = "; ".join(f"{row}: {result.cause}" for row, result in sent.rejected[:MAX_CAUSES_SHOWN])
        messages.warning(request, refused % {"count": len(sent.rejected), "rows": first})


def _format_content(text: str) -> SafeString:
    return format_html('<pre class="payload">{}</pre>', format_row(text)[:MAX_CHARACTERS_SHOWN])
