"""Acceptances on paper from before the system existed, recorded one at a time or in bulk (specification 2)."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.models import Affiliate, State
from agreements import chain, copies, declines, version_documents
from agreements.clauses import cite_clause
from agreements.errors import AlreadyAccepted, Rejected
from agreements.models import Acceptance, AcceptancePerson, AgreementText, AgreementVersion
from agreements.rules import Rule
from audit import trail


@transaction.atomic
def record_offline_acceptances(
    *,
    affiliates: Sequence[Affiliate],
    agreement: AgreementVersion,
    accepted_at: datetime,
    evidence: str,
    now: datetime,
    by: User | None,
) -> list[Acceptance]:
    """Record acceptances on paper for all of the affiliates, or for none; see `acceptances.record_offline_acceptance`.

    The affiliates' users should be loaded with them.
    """
    require_uninvolved(by, affiliates)
    text = _validate(agreement, accepted_at, evidence, now)
    chain.lock_chain()
    if Acceptance.objects.filter(affiliate__in=affiliates, agreement=agreement).exists():
        raise AlreadyAccepted(_("Version %s has already been accepted.") % agreement.name)
    acceptances = [_build_acceptance(affiliate, text, accepted_at, now) for affiliate in affiliates]
    chain.append_records([(acceptance, _build_person(acceptance.affiliate, evidence)) for acceptance in acceptances])
    declines.lapse_after_acceptance(affiliates=affiliates, accepted=agreement, now=now)
    status_history.change_statuses(
        affiliates=[affiliate for affiliate in affiliates if affiliate.state == State.APPROVED],
        to=State.ACTIVE,
        now=now,
        at=accepted_at,
        by=by,
        reason=_("accepted version %s") % agreement.name,
        clause=cite_clause(agreement, Rule.ACCEPTANCE_OFFLINE),
    )
    trail.record_many(
        trail.build_record(
            action="offline acceptance recorded",
            subject=acceptance,
            now=now,
            by=by,
            after={"affiliate": acceptance.affiliate.code, "version": agreement.name, "accepted_at": accepted_at},
            reason="Accepted on paper; the evidence is kept with the acceptance.",
        )
        for acceptance in acceptances
    )
    copies.send_copies(method=Acceptance.Method.OFFLINE, acceptances=acceptances, text=text)
    return acceptances


def _validate(version: AgreementVersion, accepted_at: datetime, evidence: str, now: datetime) -> AgreementText:
    if accepted_at > now:
        raise ValidationError({"accepted_at": _("The date on the paper is in the future.")})
    if not evidence.strip():
        raise ValidationError({"evidence": _("Describe the evidence and where it is kept.")})
    text = version_documents.get_text(version)
    if text is None or not AgreementVersion.objects.published().filter(pk=version.pk).exists():
        raise Rejected(_("Only a published version can be accepted."))
    return text


def _build_acceptance(affiliate: Affiliate, text: AgreementText, accepted_at: datetime, now: datetime) -> Acceptance:
    return Acceptance(
        method=Acceptance.Method.OFFLINE,
        affiliate=affiliate,
        agreement=text.agreement,
        accepted_at=accepted_at,
        recorded_at=now,
        language=text.language,
        text_sha256=text.sha256,
        box_ticked=False,
    )


def _build_person(affiliate: Affiliate, evidence: str) -> AcceptancePerson:
    return AcceptancePerson(name=affiliate.name, email=affiliate.user.email, evidence=evidence)
