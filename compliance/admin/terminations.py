"""Termination notices in the admin, with actions to suspend affiliates and to announce the end of the program."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.admin_fields import list_affiliate_facts
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from agreements.periods import get_program_time_zone
from agreements.program_currency import get_program_currency
from compliance.admin.forms import AffiliateReasonForm, ProgramEndForm
from compliance.deadlines import add_days
from compliance.models import TerminationNotice
from compliance.offboarding import end_effects, program_end, suspension, termination
from compliance.offboarding.notice_expiry import PARTICIPATING_STATES
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.confirmation import Fact
from lib.admin.staff_action import StaffAction
from lib.formatting import format_date, format_datetime, format_money
from payouts.commissions.unsettled_earnings import get_unsettled_earnings
from payouts.ledger import booking

NOTICE_EXPLANATION = gettext_lazy(
    "The affiliate keeps earning until the notice takes effect, and everything earned is paid."
)
SUSPENSION_EXPLANATION = gettext_lazy(
    "New clicks and orders don't count and nothing is paid out until the affiliate is reinstated."
)


def _list_facts(_row: None, answers: dict[str, Any]) -> list[Fact]:
    return list_affiliate_facts(answers["affiliate"])


def list_notice_facts(affiliate: Affiliate) -> list[Fact]:
    """Return who gets notice, when it takes effect, and the money that is still theirs."""
    now = timezone.now()
    version = get_applicable_version(affiliate.pk, at=now)[0] or AgreementVersion.objects.get_in_force(now)
    earnings, currency = get_unsettled_earnings(affiliate), get_program_currency()
    facts = list_affiliate_facts(affiliate)
    if version is not None:
        # The day alone: what is confirmed in the second step must be what the first one showed.
        effect = format_date(add_days(now, version.termination_notice_days).astimezone(get_program_time_zone()).date())
        days = ngettext("%(days)d day", "%(days)d days", version.termination_notice_days)
        facts.append(
            Fact(
                gettext_lazy("Takes effect"),
                f"{effect} ({days % {'days': version.termination_notice_days}}, {version})",
            )
        )
    return [
        *facts,
        Fact(gettext_lazy("Balance"), format_money(earnings.balance, currency)),
        Fact(gettext_lazy("Commissions not settled yet"), format_money(earnings.unsettled, currency)),
        Fact(gettext_lazy("E-mail"), _("The affiliate is notified at once, with your reason.")),
    ]


def _list_end_facts(_row: None, answers: dict[str, Any]) -> list[Fact]:
    """Return what the end of the program concerns; the rest is in the explanation, which both steps show."""
    owed, currency = booking.get_liability(), get_program_currency()
    notified = Affiliate.objects.filter(state__in=PARTICIPATING_STATES).count()
    return [
        Fact(gettext_lazy("Program"), settings.PROGRAM_NAME),
        Fact(gettext_lazy("End of the program"), format_datetime(answers["ends_at"])),
        Fact(gettext_lazy("Affiliates who are notified at once"), f"{notified:,}"),
        Fact(gettext_lazy("Owed to affiliates now"), format_money(owed.total, currency)),
    ]


def _explain_end(_row: None) -> SafeString:
    """Say what happens to links, orders, money and applications, with numbers, sums and clauses."""
    version = AgreementVersion.objects.get_in_force(timezone.now())
    context = {
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
        do=lambda _row, answers, now, by: termination.give_notice(
            ground=TerminationNotice.Ground.CHOICE, now=now, by=by, **answers
        ),
        title=gettext_lazy("Give notice of termination"),
        explanation=NOTICE_EXPLANATION,
        facts=lambda _row, answers: list_notice_facts(answers["affiliate"]),
        success=gettext_lazy("Notice given."),
    )
    suspend = StaffAction(
        gettext_lazy("Suspend an affiliate"),
        permission="compliance.suspend_affiliate",
        variant="danger",
        form=AffiliateReasonForm,
        do=lambda _row, answers, now, by: suspension.suspend(now=now, by=by, **answers),
        explanation=SUSPENSION_EXPLANATION,
        facts=_list_facts,
        success=gettext_lazy("Affiliate suspended."),
    )
    reinstate = StaffAction(
        gettext_lazy("Reinstate an affiliate"),
        permission="compliance.suspend_affiliate",
        form=AffiliateReasonForm,
        do=lambda _row, answers, now, by: suspension.reinstate(now=now, by=by, **answers),
        facts=_list_facts,
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
        do=lambda notice, answers, now, by: termination.revoke_notice(notice=notice, now=now, by=by, **answers),
        title=gettext_lazy("Revoke this notice"),
        success=gettext_lazy("Notice revoked."),
    )
