"""The audit trail in the admin, searched by what a record is about."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy

from audit.admin import AuditRecordAdmin
from audit.models import AuditRecord
from portal import audit_subjects

admin.site.unregister(AuditRecord)


@admin.register(AuditRecord)
class SearchedAuditRecordAdmin(AuditRecordAdmin):
    search_help_text = gettext_lazy(
        "Affiliate’s code, name or e-mail address, coupon code, order number, payout reference, id of what was changed,"
        " or beginning of the e-mail address of who changed it"
    )

    def build_search(self, text: str) -> Q:
        return super().build_search(text) | audit_subjects.match_text(text)
