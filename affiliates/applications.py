"""Applications to the program and their approval or rejection (specification 8).

A decision on an application also decides its pending channels. To exclude a channel, staff reject it before they
approve the application.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import channels as channel_decisions
from affiliates import fields
from affiliates.channels import MEETS_REQUIREMENTS
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import AlreadyApplied, EmailNotConfirmed
from affiliates.models import Affiliate, ApplicationAnswer, ApplicationQuestion, Channel, State
from affiliates.models.application import MAX_ANSWER_LENGTH
from affiliates.notifications import notify
from affiliates.status_history import change_status, start_history
from lib.reasons import require_reason

# Letters and digits of affiliate codes, without 0, O, 1, I and L, which look alike.
CODE_CHARACTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 6


@transaction.atomic
def apply(
    *,
    user: User,
    name: str,
    country: str,
    channels: Sequence[tuple[str, str]],
    now: datetime,
    time_zone: str = "UTC",
    language: str = "",
    clause: str = "",
    answers: Mapping[str, str] | None = None,
) -> Affiliate:
    """Create an application with `channels` (pairs of kind and address), and confirm it as `acknowledge` does.

    `country` is an ISO 3166-1 code, `clause` cites who can take part. `answers` are keyed by the `field_name` of the
    questions that staff ask; an import has none. Raises AlreadyApplied for a second application of
    the user, and ValidationError for invalid fields or if there is no channel.
    """
    if Affiliate.objects.filter(user=user).exists():
        raise AlreadyApplied(_("You have already applied."))
    if not channels:
        raise ValidationError({"channels": _("Enter at least one channel.")})
    affiliate = Affiliate.objects.create(
        user=user,
        code=generate_code(),
        name=fields.clean_name(name),
        country=fields.clean_country(country),
        time_zone=fields.clean_time_zone(time_zone),
        language=fields.clean_language(language),
        state=State.APPLIED,
        state_since=now,
        applied_at=now,
    )
    start_history(affiliate=affiliate, state=State.APPLIED, now=now, by=user)
    for kind, address in channels:
        channel_decisions.add(affiliate=affiliate, kind=kind, address=address, now=now, by=user)
    if answers is not None:
        _store_answers(affiliate, answers)
    acknowledge(affiliate=affiliate, clause=clause)
    return affiliate


def acknowledge(*, affiliate: Affiliate, clause: str) -> None:
    """Confirm an undecided application by e-mail, once, as soon as the e-mail address is confirmed.

    Before that, the e-mail that asks to confirm the address is the only one. `clause` cites who can take part.
    """
    if affiliate.state == State.APPLIED and is_email_confirmed(affiliate):
        notify(affiliate=affiliate, kind="application_received", key=str(affiliate.pk), context={"clause": clause})


def _store_answers(affiliate: Affiliate, answers: Mapping[str, str]) -> None:
    rows, errors = [], {}
    for question in ApplicationQuestion.objects.active():
        answer = answers.get(question.field_name, "").strip()[:MAX_ANSWER_LENGTH]
        if answer:
            rows.append(
                ApplicationAnswer(
                    affiliate=affiliate, position=question.position, question=question.text, answer=answer
                )
            )
        elif question.is_required:
            errors[question.field_name] = _("Answer this question.")
    if errors:
        raise ValidationError(errors)
    ApplicationAnswer.objects.bulk_create(rows)


def generate_code() -> str:
    """Return an unused random code of six unambiguous letters and digits, short enough to be read out on the phone."""
    while True:
        code = "".join(secrets.choice(CODE_CHARACTERS) for _place in range(CODE_LENGTH))
        if not Affiliate.objects.filter(code=code).exists():
            return code


def has_confirmed_email() -> Exists:
    """Return the condition that an affiliate has confirmed their current e-mail address."""
    addresses = EmailAddress.objects.filter(user_id=OuterRef("user_id"), verified=True)
    return Exists(addresses.filter(email__iexact=OuterRef("user__email")))


def filter_decidable(affiliates: QuerySet[Affiliate]) -> QuerySet[Affiliate]:
    """Return the applications that can be decided: those with a confirmed e-mail address."""
    return affiliates.filter(has_confirmed_email(), state=State.APPLIED)


def filter_unconfirmed(affiliates: QuerySet[Affiliate]) -> QuerySet[Affiliate]:
    """Return the applications that wait until the applicant confirms their e-mail address."""
    return affiliates.filter(~has_confirmed_email(), state=State.APPLIED)


def is_email_confirmed(affiliate: Affiliate) -> bool:
    """Return whether the affiliate has confirmed their current e-mail address."""
    addresses = EmailAddress.objects.filter(user_id=affiliate.user_id, verified=True)
    return bool(addresses.filter(email__iexact=affiliate.user.email).exists())


@transaction.atomic
def approve(
    *, affiliate: Affiliate, clause: str, now: datetime, by: User | None, reason: str = MEETS_REQUIREMENTS
) -> None:
    """Approve an application and its pending channels, and ask the affiliate to accept the agreement.

    Raises EmailNotConfirmed if the e-mail address is not confirmed, and IllegalTransition if already decided.
    """
    require_uninvolved(by, [affiliate])
    if not is_email_confirmed(affiliate):
        raise EmailNotConfirmed(
            _("%(affiliate)s has not confirmed their e-mail address yet.") % {"affiliate": affiliate}
        )
    change_status(affiliate=affiliate, to=State.APPROVED, now=now, by=by, reason=reason)
    for channel in _list_pending_channels(affiliate):
        channel_decisions.decide(channel=channel, to=Channel.State.APPROVED, reason=reason, now=now, by=by)
    notify(
        affiliate=affiliate,
        kind="application_approved",
        key=str(affiliate.pk),
        context={
            "approved": _list_addresses(affiliate, Channel.State.APPROVED),
            "rejected": _list_addresses(affiliate, Channel.State.REJECTED),
            "clause": clause,
        },
    )


@transaction.atomic
def reject(*, affiliate: Affiliate, reason: str, clause: str, now: datetime, by: User | None) -> None:
    """Reject an application and its pending channels with a reason, which is sent to the applicant."""
    require_uninvolved(by, [affiliate])
    reason = require_reason(reason)
    change_status(affiliate=affiliate, to=State.REJECTED, now=now, by=by, reason=reason)
    for channel in _list_pending_channels(affiliate):
        channel_decisions.decide(channel=channel, to=Channel.State.REJECTED, reason=reason, now=now, by=by)
    notify(
        affiliate=affiliate,
        kind="application_rejected",
        key=str(affiliate.pk),
        context={"reason": reason, "clause": clause},
    )


def _list_pending_channels(affiliate: Affiliate) -> list[Channel]:
    return list(Channel.objects.for_affiliate(affiliate).filter(state=Channel.State.PENDING))


def _list_addresses(affiliate: Affiliate, state: Channel.State) -> list[str]:
    rows = Channel.objects.for_affiliate(affiliate).filter(state=state).order_by("added_at", "id")
    return list(rows.values_list("address", flat=True))
