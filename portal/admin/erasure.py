"""Deletion requests in the admin."""

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffAction
from portal import erasure
from portal.models import ErasureRequest


@admin.register(ErasureRequest)
class ErasureRequestAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "requested_at", "blockers", "carried_out_at")
    list_filter = (("carried_out_at", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate",)
    actions_detail = ("erase",)

    erase = StaffAction(
        gettext_lazy("Delete personal data"),
        permission="portal.erase_affiliate",
        do=lambda request, _answers, now, by: erasure.erase_affiliate(affiliate=request.affiliate, now=now, by=by),
        title=lambda request: _("Delete personal data of %s") % request.affiliate,
        explanation=gettext_lazy(
            "This cannot be undone. Personal fields are deleted. "
            "The ledger, acceptances and decided reviews stay under a pseudonym."
        ),
    )

    @admin.display(description=gettext_lazy("outstanding"))
    def blockers(self, request: ErasureRequest) -> str:
        if request.carried_out_at:
            return "-"
        return " ".join(erasure.list_blockers(request.affiliate, timezone.now())) or _("nothing")
