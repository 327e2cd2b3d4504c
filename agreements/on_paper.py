"""Acceptances on paper, from before the system: recorded as just that, one or thousands at once (CONTRACT 2)."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import standing
from affiliates.models import Affiliate, State
from agreements import chain, copies, reading
from agreements.clauses import clause_in_force
from agreements.errors import AlreadyAccepted, Refused
from agreements.models import Acceptance, AcceptancePerson, Agreement, AgreementText
from agreements.rules import Rule
from audit import trail


@transaction.atomic
def record_many(
    *,
    affiliates: Sequence[Affiliate],
    agreement: Agreement,
    accepted_at: datetime,
    evidence: str,
    now: datetime,
    by: User | None,
) -> list[Acceptance]:
    """`accepting.record_offline` for many, whose users should be loaded with them: all of them or, refused, none."""
    text = _checked(agreement, accepted_at, evidence, now)
    chain.lock()
    if Acceptance.objects.filter(affiliate__in=affiliates, agreement=agreement).exists():
        raise AlreadyAccepted(_("Version %s is accepted already.") % agreement.name)
    acceptances = [_record(affiliate, text, accepted_at, now) for affiliate in affiliates]
    chain.append([(acceptance, _person(acceptance.affiliate, evidence)) for acceptance in acceptances])
    standing.move_many(
        affiliates=[affiliate for affiliate in affiliates if affiliate.state == State.APPROVED],
        to=State.ACTIVE,
        now=now,
        at=accepted_at,
        by=by,
        reason=_("accepted version %s") % agreement.name,
        clause=clause_in_force(Rule.ACCEPTANCE_OFFLINE, agreement),
    )
    trail.record_many(
        trail.built(
            action="acceptance on paper recorded",
            subject=acceptance,
            now=now,
            by=by,
            after={"affiliate": acceptance.affiliate.code, "version": agreement.name, "accepted_at": accepted_at},
        )
        for acceptance in acceptances
    )
    copies.send(method=Acceptance.Method.OFFLINE, acceptances=acceptances, text=text)
    return acceptances


def _checked(agreement: Agreement, accepted_at: datetime, evidence: str, now: datetime) -> AgreementText:
    if accepted_at > now:
        raise ValidationError({"accepted_at": _("The date on the paper lies in the future.")})
    if not evidence.strip():
        raise ValidationError({"evidence": _("Say what you hold as evidence, and where.")})
    text = reading.text_of(agreement)
    if text is None or not Agreement.objects.published().filter(pk=agreement.pk).exists():
        raise Refused(_("Only a published version can be accepted."))
    return text


def _record(affiliate: Affiliate, text: AgreementText, accepted_at: datetime, now: datetime) -> Acceptance:
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


def _person(affiliate: Affiliate, evidence: str) -> AcceptancePerson:
    return AcceptancePerson(name=affiliate.name, email=affiliate.user.email, evidence=evidence)
