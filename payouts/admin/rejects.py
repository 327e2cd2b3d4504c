"""The rejects inbox: rows of the orders API that were refused, to send again or put away (CONTRACT 4)."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.admin_bases import ReadOnlyAdmin
from accounts.staff_actions import ConfirmForm, ReasonForm
from payouts import intake
from payouts.admin.pages import ask
from tracking.models import Reject


@admin.register(Reject)
class RejectAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order_id", "field", "cause", "outcome", "state", "source")
    list_filter = ("state", "outcome", "field")
    search_fields = ("order_id", "cause")
    fields = (
        "received_at", "source", "order_id", "outcome", "field", "cause", "content", "state", "decided_at", "decided_by",
        "note",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ("resend", "dismiss")

    def has_decide_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        still = Reject.objects.filter(pk=object_id, state=Reject.State.OPEN)
        return request.user.has_perm("tracking.change_reject") and (request.method == "POST" or still.exists())

    @action(description=gettext_lazy("Send again"), permissions=["decide"])  # type: ignore[untyped-decorator]  # unfold has no types
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the row as it stands, once what stood against it is gone."""
        return ask(
            self, request, object_id, ConfirmForm, _("Send this row again"),
            lambda row, _answers, now, by: intake.resend(reject=row, now=now, by=by),
            explanation=_("The row is read again as it stands. It stays in the inbox if it is refused again."),
        )  # fmt: skip

    @action(description=gettext_lazy("Dismiss"), permissions=["decide"])  # type: ignore[untyped-decorator]  # unfold has no types
    def dismiss(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put it away, with the reason."""
        return ask(
            self, request, object_id, ReasonForm, _("Dismiss this row"),
            lambda row, answers, now, by: intake.dismiss(reject=row, reason=answers["reason"], now=now, by=by),
        )  # fmt: skip
