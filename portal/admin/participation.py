"""Actions on an affiliate's part in the program: suspension, notice, holds, reviews, deletion of their data."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.mail_preview import build_preview
from affiliates.models import Affiliate, State
from compliance.admin.ending_facts import list_notice_facts, list_running_notice_facts, list_suspension_facts
from compliance.admin.reviews import build_open_review_url
from compliance.admin.terminations import (
    NOTICE_EXPLANATION,
    REINSTATEMENT_EXPLANATION,
    REVOCATION_EXPLANATION,
    SUSPENSION_EXPLANATION,
    UNDER_NOTICE,
    give_notice_by_choice,
    reinstate_affiliate,
    revoke_running_notice,
    suspend_affiliate,
)
from lib.admin.actions import ReasonForm
from lib.admin.pages import build_changelist_url
from lib.admin.staff_action import StaffAction, StaffPage
from payouts.admin.details import STAFF_SOURCE
from payouts.admin.money_facts import list_hold_facts
from payouts.commissions import holds
from payouts.models import PayoutHold
from portal import erasure
from portal.admin.erasure import ErasureRequestForm, list_erasure_facts

ACTIVE_HOLDS = PayoutHold.objects.filter(released_at=None)


class ParticipationActions:
    """The part of the admin of affiliates that changes what an affiliate may do and is paid."""

    suspend = StaffAction(
        gettext_lazy("Suspend"),
        permission="compliance.suspend_affiliate",
        variant="danger",
        rows=Q(state=State.ACTIVE),
        form=ReasonForm,
        do=suspend_affiliate,
        title=gettext_lazy("Suspend this affiliate"),
        explanation=SUSPENSION_EXPLANATION,
        facts=lambda affiliate, _answers: list_suspension_facts(affiliate),
        preview=build_preview("suspended", suspend_affiliate),
        two_steps=True,
        success=gettext_lazy("Affiliate suspended."),
    )
    reinstate = StaffAction(
        gettext_lazy("Reinstate"),
        permission="compliance.suspend_affiliate",
        rows=Q(state=State.SUSPENDED),
        form=ReasonForm,
        do=reinstate_affiliate,
        title=gettext_lazy("Reinstate this affiliate"),
        explanation=REINSTATEMENT_EXPLANATION,
        facts=lambda affiliate, _answers: list_suspension_facts(affiliate),
        preview=build_preview("reinstated", reinstate_affiliate),
        two_steps=True,
        success=gettext_lazy("Affiliate reinstated."),
    )
    give_notice = StaffAction(
        gettext_lazy("Give notice"),
        permission="compliance.add_terminationnotice",
        variant="danger",
        rows=Q(state__in=(State.APPROVED, State.ACTIVE, State.SUSPENDED)) & ~UNDER_NOTICE,
        form=ReasonForm,
        do=give_notice_by_choice,
        title=gettext_lazy("Give notice of termination"),
        explanation=NOTICE_EXPLANATION,
        facts=lambda affiliate, _answers: list_notice_facts(affiliate),
        preview=build_preview("termination_notice", give_notice_by_choice),
        two_steps=True,
        success=gettext_lazy("Notice given."),
    )
    revoke_notice = StaffAction(
        gettext_lazy("Revoke the notice"),
        permission="compliance.add_terminationnotice",
        rows=UNDER_NOTICE,
        form=ReasonForm,
        do=revoke_running_notice,
        title=gettext_lazy("Revoke the notice of termination"),
        explanation=REVOCATION_EXPLANATION,
        facts=lambda affiliate, _answers: list_running_notice_facts(affiliate),
        preview=build_preview("termination_revoked", revoke_running_notice),
        two_steps=True,
        success=gettext_lazy("Notice revoked."),
    )

    hold_payouts = StaffAction(
        gettext_lazy("Hold payouts"),
        permission="payouts.release_payouthold",
        rows=~Q(pk__in=ACTIVE_HOLDS.filter(source=STAFF_SOURCE).values("affiliate")),
        form=ReasonForm,
        do=lambda affiliate, answers, now, by: holds.hold_payouts(
            affiliate=affiliate, source=STAFF_SOURCE, now=now, by=by, **answers
        ),
        title=lambda affiliate: _("Hold all payouts of %s") % affiliate,
        explanation=gettext_lazy(
            "The affiliate is paid nothing until the hold is released, and sees your reason. To hold single orders, open a"
            " review that names them."
        ),
        facts=lambda affiliate, _answers: list_hold_facts(affiliate),
        two_steps=True,
        success=gettext_lazy("Payouts held."),
    )

    request_erasure = StaffAction(
        gettext_lazy("Enter a deletion request"),
        permission="portal.erase_affiliate",
        rows=Q(erased_at=None, erasure_request=None),
        form=ErasureRequestForm,
        do=lambda affiliate, answers, now, by: erasure.request_erasure(affiliate=affiliate, now=now, by=by, **answers),
        title=lambda affiliate: _("Enter a deletion request of %s") % affiliate,
        explanation=gettext_lazy(
            "For a request by letter or telephone; affiliates can also make it on their page “My data”, where they"
            " download what is kept of them. The affiliate is notified. Once nothing is outstanding, a scheduled task"
            " deletes personal fields, also in e-mails, payout files and the audit trail. The ledger, acceptances and"
            " decided reviews stay under a pseudonym for the years that the agreement states."
        ),
        facts=lambda affiliate, _answers: list_erasure_facts(affiliate, timezone.now()),
        two_steps=True,
        success=gettext_lazy("Deletion request stored. The affiliate has been notified."),
    )

    @StaffPage(
        gettext_lazy("Release payouts"),
        permission="payouts.release_payouthold",
        rows=Q(pk__in=ACTIVE_HOLDS.values("affiliate")),
    )
    def release_payouts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the release of the hold, or to the list if there are several."""
        pks = list(ACTIVE_HOLDS.filter(affiliate__pk=object_id).values_list("pk", flat=True)[:2])
        if len(pks) == 1:
            return HttpResponseRedirect(reverse("admin:payouts_payouthold_release", args=pks))
        query = f"affiliate__id__exact={object_id}&released_at__isempty=1"
        return HttpResponseRedirect(build_changelist_url(PayoutHold, query))

    @StaffPage(
        gettext_lazy("Open a review"),
        permission="compliance.add_review",
        rows=Q(state__in=(State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)),
    )
    def open_review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(build_open_review_url(get_object_or_404(Affiliate, pk=object_id)))
