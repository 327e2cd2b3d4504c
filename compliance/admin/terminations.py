"""Termination notices in the admin, with actions to suspend affiliates and to announce the end of the program."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.mail_preview import build_preview
from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from agreements.program_currency import get_program_currency
from compliance.admin.ending_facts import (
    compute_end_times,
    list_notice_facts,
    list_revocation_facts,
    list_suspension_facts,
)
from compliance.admin.forms import AffiliateReasonForm, ProgramEndForm
from compliance.deadlines import add_days
from compliance.models import TerminationNotice
from compliance.offboarding import end_effects, program_end, suspension, termination
from compliance.offboarding.notice_expiry import PARTICIPATING_STATES
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.confirmation import Fact
from lib.admin.staff_action import StaffAction
from lib.errors import NotAllowed
from lib.formatting import format_datetime, format_money
from payouts.ledger import booking

NOTICE_EXPLANATION = gettext_lazy(
    "The affiliate keeps earning until the notice takes effect. What they have earned is paid, except what a review holds"
    " and then forfeits."
)
SUSPENSION_EXPLANATION = gettext_lazy(
    "New clicks and orders don't count and nothing is paid out until the affiliate is reinstated."
)
REINSTATEMENT_EXPLANATION = gettext_lazy(
    "Clicks and orders count from now on, and the next close can pay the affiliate. What came in while they were"
    " suspended stays uncredited."
)
# The affiliates to whom staff have given a notice that runs.
UNDER_NOTICE = Q(pk__in=TerminationNotice.objects.filter(state=TerminationNotice.State.RUNNING).values("affiliate"))
REVOCATION_EXPLANATION = gettext_lazy("The affiliate stays in the program, and is notified with your reason.")


def _add_affiliate(row: Affiliate | None, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers with the affiliate, whom the form names if there is no row."""
    return answers if row is None else {"affiliate": row, **answers}


def give_notice_by_choice(row: Affiliate | None, answers: dict[str, Any], now: datetime, by: User) -> None:
    """Give notice at the program's choice."""
    choice = TerminationNotice.Ground.CHOICE
    termination.give_notice(ground=choice, now=now, by=by, **_add_affiliate(row, answers))


def suspend_affiliate(row: Affiliate | None, answers: dict[str, Any], now: datetime, by: User) -> None:
    """Suspend without a review."""
    suspension.suspend(now=now, by=by, **_add_affiliate(row, answers))


def reinstate_affiliate(row: Affiliate | None, answers: dict[str, Any], now: datetime, by: User) -> None:
    """End a suspension."""
    suspension.reinstate(now=now, by=by, **_add_affiliate(row, answers))


def revoke_notice(notice: TerminationNotice, answers: dict[str, Any], now: datetime, by: User) -> None:
    """Revoke a running notice."""
    termination.revoke_notice(notice=notice, now=now, by=by, **answers)


def revoke_running_notice(affiliate: Affiliate, answers: dict[str, Any], now: datetime, by: User) -> None:
    """Revoke the running notice of an affiliate, if there is one."""
    notice = termination.find_running_notice(affiliate)
    if notice is None:
        raise NotAllowed(_("No notice is running."))
    revoke_notice(notice, answers, now, by)


def _list_end_facts(_row: None, answers: dict[str, Any]) -> list[Fact]:
    """Return what the end of the program concerns; the rest is in the explanation, which both steps show."""
    owed, currency = booking.get_liability(), get_program_currency()
    notified = Affiliate.objects.filter(state__in=PARTICIPATING_STATES).count()
    version = AgreementVersion.objects.get_in_force(timezone.now())
    last = [_describe_last_payouts(version, answers["ends_at"])] if version else []
    return [
        Fact(gettext_lazy("Program"), settings.PROGRAM_NAME),
        Fact(gettext_lazy("End of the program"), format_datetime(answers["ends_at"])),
        Fact(gettext_lazy("Affiliates who are notified at once"), f"{notified:,}"),
        Fact(gettext_lazy("Owed to affiliates now"), format_money(owed.total, currency)),
        *last,
    ]


def _describe_last_payouts(version: AgreementVersion, ends_at: datetime) -> Fact:
    text = _(
        "Orders count until %(last_orders)s; their holding periods end by %(last_validations)s, later for an order that is"
        " completed later. The close on %(last_payouts)s settles them. Month-end closes go on until every balance is paid."
    )
    return Fact(gettext_lazy("Last payouts expected"), text % compute_end_times(version, ends_at)._asdict())


def _explain_end(_row: None) -> SafeString:
    """Say what happens to links, orders, money and applications, with numbers, sums and clauses."""
    now = timezone.now()
    version = AgreementVersion.objects.get_in_force(now)
    earliest = add_days(now, version.termination_notice_days) if version else None
    context = {
        "version": version,
        "earliest": earliest,
        "times": compute_end_times(version, earliest) if version and earliest else None,
        "effects": end_effects.measure_end_effects(),
        "clauses": end_effects.find_end_clauses(version) if version else None,
        "currency": get_program_currency(),
    }
    return render_to_string("admin/compliance/program_end.html", context)


@admin.register(TerminationNotice)
class TerminationNoticeAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "ground", "state", "given_at", "takes_effect_at", "ended_at", "review")
    list_filter = ("state", "ground")
    list_select_related = ("affiliate", "review")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = (
        *("affiliate", "ground", "reason", "clause", "review"),
        *("given_at", "given_by", "takes_effect_at", "state", "ended_at"),
    )
    readonly_fields = fields
    actions_list = ("give_notice", "suspend", "reinstate", "announce_end")
    actions_detail = ("revoke",)

    give_notice = StaffAction(
        gettext_lazy("Give notice"),
        permission="compliance.add_terminationnotice",
        variant="danger",
        form=AffiliateReasonForm,
        do=give_notice_by_choice,
        title=gettext_lazy("Give notice of termination"),
        explanation=NOTICE_EXPLANATION,
        facts=lambda _row, answers: list_notice_facts(answers["affiliate"]),
        preview=build_preview("termination_notice", give_notice_by_choice),
        success=gettext_lazy("Notice given."),
    )
    suspend = StaffAction(
        gettext_lazy("Suspend an affiliate"),
        permission="compliance.suspend_affiliate",
        variant="danger",
        form=AffiliateReasonForm,
        do=suspend_affiliate,
        explanation=SUSPENSION_EXPLANATION,
        facts=lambda _row, answers: list_suspension_facts(answers["affiliate"]),
        preview=build_preview("suspended", suspend_affiliate),
        success=gettext_lazy("Affiliate suspended."),
    )
    reinstate = StaffAction(
        gettext_lazy("Reinstate an affiliate"),
        permission="compliance.suspend_affiliate",
        form=AffiliateReasonForm,
        do=reinstate_affiliate,
        explanation=REINSTATEMENT_EXPLANATION,
        facts=lambda _row, answers: list_suspension_facts(answers["affiliate"]),
        preview=build_preview("reinstated", reinstate_affiliate),
        success=gettext_lazy("Affiliate reinstated."),
    )
    announce_end = StaffAction(
        gettext_lazy("Announce the end of the program"),
        permission="compliance.end_program",
        variant="danger",
        form=ProgramEndForm,
        do=lambda _row, answers, now, by: program_end.announce_end(
            ends_at=answers["ends_at"], reason=answers["reason"], now=now, by=by
        ),
        explanation=_explain_end,
        facts=_list_end_facts,
        success=gettext_lazy("End of the program announced."),
    )
    revoke = StaffAction(
        gettext_lazy("Revoke the notice"),
        permission="compliance.add_terminationnotice",
        rows=Q(state=TerminationNotice.State.RUNNING),
        form=ReasonForm,
        do=revoke_notice,
        title=gettext_lazy("Revoke this notice"),
        explanation=REVOCATION_EXPLANATION,
        facts=lambda notice, _answers: list_revocation_facts(notice),
        preview=build_preview("termination_revoked", revoke_notice),
        two_steps=True,
        success=gettext_lazy("Notice revoked."),
    )
