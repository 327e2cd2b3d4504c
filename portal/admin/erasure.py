"""Requests to be erased, and the sign-in of the admin, which is everybody's."""

from typing import cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from lib.admin.actions import ConfirmForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.typed import action
from portal import erasure
from portal.models import ErasureRequest


@admin.register(ErasureRequest)
class ErasureRequestAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "requested_at", "blockers", "carried_out_at")
    list_filter = (("carried_out_at", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate",)
    actions_detail = ("erase",)

    def has_erase_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("portal.erase_affiliate")

    @admin.display(description=gettext_lazy("stands in the way"))
    def blockers(self, request: ErasureRequest) -> str:
        if request.carried_out_at:
            return "-"
        return " ".join(erasure.list_blockers(request.affiliate, timezone.now())) or _("nothing")

    @action(description=gettext_lazy("Erase for good"), permissions=["erase"])
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        asked = get_object_or_404(ErasureRequest, pk=object_id)
        return run_action(
            request,
            self,
            ConfirmForm,
            _("Erase %s for good") % asked.affiliate,
            lambda _answers: erasure.erase_affiliate(
                affiliate=asked.affiliate, now=timezone.now(), by=cast("User", request.user)
            ),
            reverse("admin:portal_erasurerequest_changelist"),
            explanation=_("Personal fields go. Ledger, acceptances and decided reviews stay under a pseudonym."),
        )
