"""Deletion requests in the admin, and the deletions of retained data to come."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.admin_fields import list_affiliate_facts
from affiliates.models import Affiliate, AffiliateNote
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.confirmation import Fact
from lib.admin.pages import build_changelist_url, render_admin_page
from lib.admin.staff_action import StaffAction, StaffPage
from mail.models import Message
from portal import erasure
from portal.models import ErasureRequest
from portal.personal_data import retention

# How far ahead staff see what will be deleted.
FORESEEN = timedelta(days=365)


class ErasureRequestForm(ReasonForm):
    """Asks how the request arrived; the audit trail keeps it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("How and when the affiliate asked for it")
        self.fields["reason"].help_text = _("Kept in the audit trail.")


def list_erasure_facts(affiliate: Affiliate, now: datetime) -> list[Fact]:
    """Return who the affiliate is, what the deletion waits for, and what is kept of them after it."""
    blockers = " ".join(blocker.for_staff for blocker in erasure.find_blockers(affiliate, now))
    counts = retention.count_retained(affiliate)
    kept = _("acceptances: %(acceptances)s, decided reviews: %(reviews)s, files: %(files)s") % counts
    return [
        *list_affiliate_facts(affiliate),
        Fact(gettext_lazy("Outstanding before the deletion"), blockers or _("nothing")),
        Fact(gettext_lazy("Deleted"), _describe_personal_data(affiliate)),
        Fact(gettext_lazy("Kept under a pseudonym"), _("ledger entries; %(kept)s") % {"kept": kept}),
    ]


def _describe_personal_data(affiliate: Affiliate) -> str:
    """Name the kinds of personal data that there are, with numbers."""
    text = _(
        "name, e-mail address, country and account; channels: %(channels)s, payout accounts: %(accounts)s, names of links:"
        " %(links)s, e-mails: %(emails)s, private notes: %(notes)s; also in payout files and the audit trail"
    )
    return text % {
        "channels": affiliate.channels.count(),
        "accounts": affiliate.payout_details.count(),
        "links": affiliate.links.exclude(name="").count(),
        "emails": Message.objects.filter(user=affiliate.user_id).count(),
        "notes": AffiliateNote.objects.filter(affiliate=affiliate).count(),
    }


@admin.register(ErasureRequest)
class ErasureRequestAdmin(ReadOnlyAdmin):
    ordering = ("requested_at", "-pk")
    list_display = ("affiliate", "requested_at", "blockers", "announced_at", "carried_out_at")
    list_filter = (("carried_out_at", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate__user",)
    actions_detail = ("erase",)
    actions_list = ("upcoming_deletions",)

    erase = StaffAction(
        gettext_lazy("Delete personal data"),
        permission="portal.erase_affiliate",
        variant="danger",
        do=lambda request, _answers, now, by: erasure.erase_affiliate(affiliate=request.affiliate, now=now, by=by),
        title=lambda request: _("Delete personal data of %s") % request.affiliate,
        facts=lambda request, _answers: list_erasure_facts(request.affiliate, timezone.now()),
        success=lambda request: _("Personal data of %s deleted.") % request.affiliate,
        explanation=gettext_lazy(
            "This cannot be undone. Personal fields are deleted, also in e-mails, payout files, the admin log and the"
            " audit trail. The ledger, acceptances and decided reviews stay under a pseudonym. A scheduled task does"
            " the same once nothing is outstanding, and notifies the affiliate first."
        ),
    )

    @admin.display(description=gettext_lazy("outstanding"))
    def blockers(self, request: ErasureRequest) -> str:
        if request.carried_out_at:
            return "-"
        return " ".join(self._list_blockers(request.affiliate)) or _("nothing")

    @StaffPage(gettext_lazy("Upcoming deletions"), permission="portal.view_erasurerequest")
    def upcoming_deletions(self, request: HttpRequest) -> HttpResponse:
        """List whose retained data will be deleted in the next year, what it is, and when."""
        now = timezone.now()
        rows = [
            {
                "affiliate": deletion.affiliate,
                "deletion": deletion,
                "counts": retention.count_retained(deletion.affiliate),
                "blockers": [] if deletion.affiliate.erased_at else self._list_blockers(deletion.affiliate),
            }
            for deletion in retention.list_deletions(until=now + FORESEEN)[: retention.MAX_SHOWN]
        ]
        return render_admin_page(
            self,
            request,
            "admin/portal/upcoming_deletions.html",
            _("Upcoming deletions"),
            rows=rows,
            back=build_changelist_url(ErasureRequest),
        )

    def _list_blockers(self, affiliate: Affiliate) -> list[str]:
        return [blocker.for_staff for blocker in erasure.find_blockers(affiliate, timezone.now())]
