"""The rejects inbox: rejected rows of orders, to correct, resend or dismiss (specification 4)."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from lib.admin.actions import ConfirmForm, ReasonForm, describe_rows, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.bulk_action import build_list_url
from lib.admin.pages import build_admin_link
from lib.admin.staff_action import StaffAction, StaffPage
from lib.errors import NotAllowed
from payouts.admin.bases import money_page
from shops import intake, rejects
from shops.admin.reject_forms import RejectForm, SnapshotRejectForm, build_reject_form, format_row
from shops.models import Connection, Reject
from shops.rejects import RejectedAgain, ResendResult
from tracking.orders.snapshot_problems import find_problems

PERMISSION = "shops.change_reject"
OPEN = Q(state=Reject.State.OPEN)
# The row of an event that could not be read holds no order that could be corrected.
CORRECTABLE = OPEN & ~(
    Q(source__startswith=Connection.REJECT_SOURCE)
    & (Q(content__startswith='{"event":') | Q(content__startswith='{"shop_order":'))
)
MAX_CAUSES_SHOWN = 5
# Of a row on a page; the whole row is stored.
MAX_CHARACTERS_SHOWN = 20_000


def _get_success(row: Reject | None) -> str:
    if row is not None and row.source.startswith(Connection.REJECT_SOURCE):
        return _("It will be processed again within a minute.")
    return _("Row accepted.")


class ConnectionFilter(admin.SimpleListFilter):
    """The rows of one shop connection."""

    title = gettext_lazy("shop connection")
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Connection.objects.values_list("name", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reject]) -> QuerySet[Reject]:
        name = self.value()
        return queryset.filter(source=Connection(name=name).reject_source) if name else queryset


@admin.register(Reject)
class RejectAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order_id", "field", "cause", "outcome", "state", "source")
    list_filter = ("state", ConnectionFilter, "outcome", "field")
    search_fields = ("order_id", "cause")
    fields = (
        "received_at", "source", "address", "order_id", "outcome", "field", "cause", "content_display", "state",
        "decided_at", "decided_by", "note", "corrected_display", "order_link",
    )  # fmt: skip
    readonly_fields = fields
    actions = ("resend_selected", "dismiss_selected")
    actions_detail = ("correct", "resend", "dismiss")

    @admin.display(description=gettext_lazy("content"))
    def content_display(self, row: Reject) -> SafeString:
        return _format_content(row.content)

    @admin.display(description=gettext_lazy("corrected content"))
    def corrected_display(self, row: Reject) -> SafeString | str:
        return _format_content(row.corrected_content) if row.corrected_content else "-"

    @admin.display(description=gettext_lazy("accepted as"))
    def order_link(self, row: Reject) -> SafeString | str:
        return build_admin_link(row.accepted_order)

    @StaffPage(gettext_lazy("Correct and resend"), permission=PERMISSION, rows=CORRECTABLE)
    def correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Correct the row in a form and send it; the original content is kept."""
        row = get_object_or_404(Reject, pk=object_id)
        back = reverse("admin:shops_reject_change", args=[row.pk])
        posted = request.POST if request.method == "POST" else None
        form = build_reject_form(row.content, posted)
        if form.is_valid() and posted is None:
            _add_problems(form, row.field, row.cause)
        elif form.is_valid():
            try:
                result = rejects.correct(reject=row, text=form.to_json(), now=timezone.now(), by=staff_member(request))
            except RejectedAgain as error:
                _add_problems(form, error.result.field, error.result.cause)
            except NotAllowed as error:
                messages.error(request, str(error))
                return HttpResponseRedirect(back)
            else:
                messages.success(request, _("Row accepted: order %(outcome)s.") % {"outcome": result.outcome})
                return HttpResponseRedirect(back)
        title = _("Correct and resend this row")
        return money_page(self, request, "admin/shops/correct_reject.html", title, form=form, row=row, back=back)

    resend = StaffAction(
        gettext_lazy("Resend"),
        permission=PERMISSION,
        rows=OPEN,
        do=lambda row, _answers, now, by: rejects.resend(reject=row, now=now, by=by),
        title=gettext_lazy("Resend this row"),
        explanation=gettext_lazy(
            "The row is processed again unchanged. It stays in the inbox if it is rejected again. What a shop connection"
            " sent is processed again within a minute, and becomes a new row if it is rejected again."
        ),
        success=_get_success,
    )
    dismiss = StaffAction(
        gettext_lazy("Dismiss"),
        permission=PERMISSION,
        rows=OPEN,
        form=ReasonForm,
        do=lambda row, answers, now, by: rejects.dismiss(reject=row, now=now, by=by, **answers),
        title=gettext_lazy("Dismiss this row"),
        success=gettext_lazy("Row dismissed."),
    )

    @admin.action(description=gettext_lazy("Resend rows"), permissions=["resend"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Reject]) -> HttpResponse:
        def resend_rows(_answers: dict[str, object]) -> None:
            result = rejects.resend_all(rejects=queryset, now=timezone.now(), by=staff_member(request))
            _add_result_messages(request, result)

        return run_action(
            request, self, ConfirmForm, _("Resend: %(what)s") % {"what": describe_rows(queryset)}, resend_rows,
            build_list_url(request),
            explanation=_("The rows are processed again unchanged. Those rejected again stay in the inbox, or become"
                          " new rows if a shop connection sent them."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Dismiss rows"), permissions=["dismiss"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Reject]) -> HttpResponse:
        return run_action(
            request, self, ReasonForm, _("Dismiss: %(what)s") % {"what": describe_rows(queryset)},
            lambda answers: rejects.dismiss_all(
                rejects=queryset, reason=answers["reason"], now=timezone.now(), by=staff_member(request)
            ),
            build_list_url(request), explanation=_("Rows that are no longer open stay unchanged."),
        )  # fmt: skip


def _add_problems(form: RejectForm, field: str, cause: str) -> None:
    """Add why the row was rejected, and whatever else would reject it."""
    problems = [(field, cause)]
    if isinstance(form, SnapshotRejectForm):
        problems = find_problems(intake.build_reader(timezone.now()), json.loads(form.to_json()), problems)
    for each in problems:
        form.add_rejection(*each)


def _add_result_messages(request: HttpRequest, result: ResendResult) -> None:
    accepted = ngettext("%(count)d row accepted.", "%(count)d rows accepted.", len(result.accepted))
    messages.info(request, accepted % {"count": len(result.accepted)})
    if result.requeued:
        requeued = ngettext(
            "%(count)d row of a shop connection will be processed again within a minute.",
            "%(count)d rows of shop connections will be processed again within a minute.", len(result.requeued),
        )  # fmt: skip
        messages.info(request, requeued % {"count": len(result.requeued)})
    if result.rejected:
        rejected = ngettext(
            "%(count)d row rejected again: %(rows)s", "%(count)d rows rejected again: %(rows)s", len(result.rejected)
        )
        first = "; ".join(f"{row}: {each.cause}" for row, each in result.rejected[:MAX_CAUSES_SHOWN])
        messages.warning(request, rejected % {"count": len(result.rejected), "rows": first})


def _format_content(text: str) -> SafeString:
    return format_html('<pre class="payload">{}</pre>', format_row(text)[:MAX_CHARACTERS_SHOWN])
