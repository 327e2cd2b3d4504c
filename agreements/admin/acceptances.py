"""Acceptances in the admin: read them, verify the chain, export evidence; and declined versions: who leaves when."""

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.affiliate_filter import AffiliateSearchMixin, match_affiliate
from agreements import chain, evidence_export
from agreements.models import Acceptance, AcceptancePerson, Decline
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffPage


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    ordering = ("sequence",)
    list_display = ("sequence", "affiliate", "agreement", "method", "accepted_at", "hash")
    list_filter = ("method", "agreement")
    search_fields = ("hash", "affiliate__code", "affiliate__name")
    list_select_related = ("affiliate", "agreement")
    fields = (
        *("sequence", "affiliate", "agreement", "method", "accepted_at", "recorded_at", "verified"),
        *("name", "email", "address", "user_agent", "evidence"),
        *("language", "text_sha256", "box_ticked", "box_label", "button_label", "page_revision", "differences"),
        *("previous_hash", "hash"),
    )
    readonly_fields = fields

    def build_search(self, text: str) -> Q:
        return Q(hash__startswith=text) | match_affiliate(text)

    actions_list = ("verify",)
    actions_detail = ("export",)

    @admin.display(description=gettext_lazy("hash is valid"), boolean=True)
    def verified(self, acceptance: Acceptance) -> bool:
        return chain.compute_record_hash(acceptance) == acceptance.hash

    @StaffPage(gettext_lazy("Verify the chain"), permission="agreements.view_acceptance")
    def verify(self, request: HttpRequest) -> HttpResponse:
        """Verify every record, text and link, and show the first error."""
        verified, error = chain.verify_chain()
        if error:
            messages.error(request, error)
        else:
            text = ngettext("%d acceptance verified.", "%d acceptances verified.", verified)
            messages.success(request, text % verified)
        return HttpResponseRedirect(reverse("admin:agreements_acceptance_changelist"))

    @StaffPage(gettext_lazy("Export evidence (ZIP)"), permission="agreements.view_acceptance")
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        acceptance = get_object_or_404(Acceptance.objects.select_related("agreement"), pk=object_id)
        headers = {"Content-Disposition": f'attachment; filename="{evidence_export.build_file_name(acceptance)}"'}
        return HttpResponse(
            evidence_export.export_acceptance(acceptance), content_type="application/zip", headers=headers
        )

    @admin.display(description=gettext_lazy("name"))
    def name(self, acceptance: Acceptance) -> str:
        return _get_personal_field(acceptance, "name")

    @admin.display(description=gettext_lazy("e-mail"))
    def email(self, acceptance: Acceptance) -> str:
        return _get_personal_field(acceptance, "email")

    @admin.display(description=gettext_lazy("IP address"))
    def address(self, acceptance: Acceptance) -> str:
        return _get_personal_field(acceptance, "address")

    @admin.display(description=gettext_lazy("browser"))
    def user_agent(self, acceptance: Acceptance) -> str:
        return _get_personal_field(acceptance, "user_agent")

    @admin.display(description=gettext_lazy("evidence on paper"))
    def evidence(self, acceptance: Acceptance) -> str:
        return _get_personal_field(acceptance, "evidence")


def _get_personal_field(acceptance: Acceptance, field: str) -> str:
    person: AcceptancePerson | None = getattr(acceptance, "person", None)
    return str(getattr(person, field)) if person else _("erased")


@admin.register(Decline)
class DeclineAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("affiliate", "agreement", "declined_at", "takes_effect_at", "state", "ended_at")
    list_filter = ("state", "agreement")
    search_fields = ("affiliate__code", "affiliate__name")
    list_select_related = ("affiliate", "agreement")
