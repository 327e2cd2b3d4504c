"""Acceptances of versions: the evidence of what an affiliate agreed to, and its consequences (specification 2)."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements import acceptance_requests, chain, changes, copies, declines, offline_acceptances, version_documents
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause
from agreements.errors import Rejected
from agreements.models import Acceptance, AcceptancePerson, AgreementVersion
from agreements.rules import Rule


@dataclass(frozen=True)
class Evidence:
    """What the page showed and what the browser sent.

    `session` is a digest of the session key, never the key. `language` is the language of the text shown, "" for the
    governing one.
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
    """Record that `affiliate` accepted exactly the text shown, and activate an approved affiliate.

    Raises ValidationError if the box is not ticked, AlreadyAccepted or Rejected if the affiliate is not asked to accept
    this version, and Rejected if the text shown is not the version's.
    """
    chain.lock_chain()
    affiliate = Affiliate.objects.select_for_update(of=["self"]).select_related("user").get(pk=affiliate.pk)
    acceptance_requests.ensure_version_requested(affiliate, agreement, at=now)
    if not evidence.box_ticked:
        raise ValidationError({"box": _("Tick the box if you accept the agreement.")})
    text = version_documents.get_text(agreement, evidence.language)
    if text is None or text.sha256 != evidence.text_sha256:
        raise Rejected(_("The text has changed since you opened the page. Read the current text and decide again."))
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
    declines.lapse_after_acceptance(affiliates=[affiliate], accepted=agreement, now=now)
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
    """Record an acceptance on paper from before the system existed, with the date on the paper (specification 2).

    An approved affiliate is active from that date. Raises ValidationError for a date in the future or missing evidence,
    and AlreadyAccepted for a second record.
    """
    records = offline_acceptances.record_offline_acceptances(
        affiliates=[affiliate], agreement=agreement, accepted_at=accepted_at, evidence=evidence, now=now, by=by
    )
    return records[0]


def format_shown_differences(affiliate: Affiliate, version: AgreementVersion, *, at: datetime, language: str) -> str:
    """Return the differences between the affiliate's applicable version and `version`, as the page shows them."""
    current, _applicable = get_applicable_version(affiliate.pk, at=at)
    if not current or current == version:
        return ""
    return changes.format_changes(changes.compare_versions(version, current, language))


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
        # A termination notice runs on.
        notice_ends_at=affiliate.notice_ends_at,
    )


def erase_personal_fields(*, affiliate: Affiliate) -> int:
    """Delete the personal fields of the affiliate's acceptances, keep the records, and return how many were deleted."""
    return AcceptancePerson.objects.filter(acceptance__affiliate=affiliate).delete()[0]
