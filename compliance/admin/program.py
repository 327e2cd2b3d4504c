"""The program in the admin, with a link to announce its end."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.admin.program import ProgramAdmin
from agreements.models import Program

admin.site.unregister(Program)


@admin.register(Program)
class ProgramWithEndAdmin(ProgramAdmin):
    readonly_fields = (*ProgramAdmin.readonly_fields, "end_program_link")  # type: ignore[assignment]  # one longer than in the base class

    def get_fields(self, request: HttpRequest, obj: Program | None = None) -> tuple[str, ...]:
        """Include the link for staff who may announce the end, until it is announced."""
        offer_end = request.user.has_perm("compliance.end_program") and obj is not None and obj.end_announced_at is None
        return (*ProgramAdmin.fields, "end_program_link") if offer_end else ProgramAdmin.fields

    @admin.display(description=gettext_lazy("end of the program"))
    def end_program_link(self, program: Program) -> SafeString:
        address = reverse("admin:compliance_terminationnotice_announce_end")
        return format_html('<a href="{}">{}</a>', address, _("Announce the end of the program"))
