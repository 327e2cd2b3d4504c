"""Accepting and declining: the evidence of what an affiliate agreed to, and what follows from it (CONTRACT 2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.models import Affiliate, State
from affiliates.notifications import notify
from agreements import acceptance_requests, chain, changes, copies, offline_acceptances, version_documents
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause, get_clause_number
from agreements.errors import Rejected
from agreements.models import Acceptance, AcceptancePerson, AgreementVersion
from agreements.rules import Rule
from lib.formatting import format_datetime


@dataclass(frozen=True)
class Evidence:
    """What the page showed and what the browser sent. `session` is a digest of the session's key, never the key.

    `language` is that of the text shown, "" for the governing one.
    """

    box_ticked: bool
    text_sha256: str
    box_label: str
    button_label: str
    page_revision: str
    address: str = ""
    user_agent: str = ""
    session: str = ""
    language: str = ""


@transaction.atomic
def accept_version(
    *, affiliate: Affiliate, agreement: AgreementVersion, now: datetime, by: User | None, evidence: Evidence
) -> Acceptance:
    """Record that `affiliate` accepted exactly the text shown; an approved affiliate is active from then on.

    Refuses without the box ticked by hand, for another text than the version's, and for a version that the affiliate is
    not asked for (AlreadyAccepted, Refused).
    """
    chain.lock_chain()
    affiliate = Affiliate.objects.select_for_update(of=["self"]).select_related("user").get(pk=affiliate.pk)
    acceptance_requests.ensure_version_requested(affiliate, agreement, at=now)
    if not evidence.box_ticked:
        raise ValidationError({"box": _("Tick the box if you accept the agreement.")})
    text = version_documents.get_text(agreement, evidence.language)
    if text is None or text.sha256 != evidence.text_sha256:
        raise Rejected(_("The text that you were shown is not the text of this version. Please read it again."))
    acceptance = Acceptance(
        method=Acceptance.Method.ONLINE,
        affiliate=affiliate,
        agreement=agreement,
        accepted_at=now,
        recorded_at=now,
        language=text.language,
        text_sha256=text.sha256,
        differences=format_shown_differences(affiliate, agreement, at=now, language=text.language),
        box_ticked=True,
        box_label=evidence.box_label,
        button_label=evidence.button_label,
        page_revision=evidence.page_revision,
    )
    person = AcceptancePerson(
        name=affiliate.name,
        email=affiliate.user.email,
        address=evidence.address,
        user_agent=evidence.user_agent.replace("\0", "")[:2000],
        session=evidence.session,
    )
    chain.append_records([(acceptance, person)])
    _activate_affiliate(acceptance, affiliate, by=by)
    copies.send_copies(method=Acceptance.Method.ONLINE, acceptances=[acceptance], text=text)
    return acceptance


@transaction.atomic
def record_offline_acceptance(
    *,
    affiliate: Affiliate,
    agreement: AgreementVersion,
    accepted_at: datetime,
    evidence: str,
    now: datetime,
    by: User | None,
) -> Acceptance:
    """Record an acceptance on paper from before the system as just that, with the date on the paper (CONTRACT 2).

    An approved affiliate is active from that date. Refuses a date to come, no evidence, and a second record.
    """
    records = offline_acceptances.record_offline_acceptances(
        affiliates=[affiliate], agreement=agreement, accepted_at=accepted_at, evidence=evidence, now=now, by=by
    )
    return records[0]


def format_shown_differences(affiliate: Affiliate, agreement: AgreementVersion, *, at: datetime, language: str) -> str:
    """The differences between the version that `affiliate` is under and `agreement`, as the page shows them; "" for none."""
    current, _under = get_applicable_version(affiliate.pk, at=at)
    if not current or current == agreement:
        return ""
    return changes.format_changes(changes.compare_versions(agreement, current, language))


def _activate_affiliate(acceptance: Acceptance, affiliate: Affiliate, *, by: User | None) -> None:
    if affiliate.state != State.APPROVED:
        return
    status_history.change_status(
        affiliate=affiliate,
        to=State.ACTIVE,
        now=acceptance.recorded_at,
        by=by,
        at=acceptance.accepted_at,
        reason=_("accepted version %s") % acceptance.agreement.name,
        clause=cite_clause(acceptance.agreement, Rule.ACCEPTANCE),
    )


@transaction.atomic
def decline_version(*, affiliate: Affiliate, agreement: AgreementVersion, now: datetime, by: User | None) -> None:
    """An orderly exit that keeps what was earned (CONTRACT 2): leaving, until the notice of termination has run off.

    Whoever was never active has nothing to wind down, and is out at once. Refuses a version that is not asked for.
    """
    affiliate = Affiliate.objects.select_for_update(of=["self"]).select_related("user").get(pk=affiliate.pk)
    acceptance_requests.ensure_version_requested(affiliate, agreement, at=now)
    ends_at = compute_leaving_end(affiliate, agreement, at=now)
    status_history.change_status(
        affiliate=affiliate,
        to=State.LEAVING if ends_at else State.TERMINATED,
        now=now,
        by=by,
        reason=_("declined version %s") % agreement.name,
        clause=cite_clause(agreement, Rule.DECLINE),
        notice_ends_at=ends_at,
    )
    notify(
        affiliate=affiliate,
        kind="agreement_declined",
        key=f"{agreement.pk}:{affiliate.pk}",
        context={
            "version": agreement.name,
            "decline_clause": get_clause_number(agreement.pk, Rule.DECLINE),
            "notice_ends": format_datetime(ends_at, agreement.time_zone) if ends_at else "",
        },
    )


def compute_leaving_end(affiliate: Affiliate, agreement: AgreementVersion, *, at: datetime) -> datetime | None:
    """Until when an affiliate who declines `agreement` at `at` is leaving, by the version that they are under.

    None for at once: an approved affiliate never took part.
    """
    if affiliate.state == State.APPROVED:
        return None
    current, _under = get_applicable_version(affiliate.pk, at=at)
    return at + timedelta(days=(current or agreement).termination_notice_days)


def erase_personal_fields(*, affiliate: Affiliate) -> int:
    """Remove the personal fields of all that `affiliate` accepted; the records stay whole (CONTRACT 9). Returns how many."""
    return AcceptancePerson.objects.filter(acceptance__affiliate=affiliate).delete()[0]
