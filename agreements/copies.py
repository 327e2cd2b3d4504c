"""The e-mail with a copy of the accepted text and the record's hash, so that proof also exists outside the system."""

from collections.abc import Sequence

from affiliates.notifications import Notice, notify_many
from agreements.clauses import get_clause_number
from agreements.models import Acceptance, AgreementText
from agreements.rules import Rule
from lib.formatting import lazy_datetime_for
from mail.models import Message

MAIL_KINDS = {Acceptance.Method.ONLINE: "agreement_accepted", Acceptance.Method.OFFLINE: "agreement_recorded"}


def send_copies(*, method: Acceptance.Method, acceptances: Sequence[Acceptance], text: AgreementText) -> None:
    """Queue the e-mail with the text as a PDF for each of the acceptances (specification 2)."""
    notify_many(kind=MAIL_KINDS[method], notices=[_build_notice(acceptance, text) for acceptance in acceptances])


def _build_notice(acceptance: Acceptance, text: AgreementText) -> Notice:
    version = acceptance.agreement
    return Notice(
        affiliate=acceptance.affiliate,
        key=str(acceptance.pk),
        context={
            "version": version.name,
            "accepted": lazy_datetime_for(acceptance.accepted_at, acceptance.affiliate),
            "sequence": acceptance.sequence,
            "hash": acceptance.hash,
            "text_sha256": acceptance.text_sha256,
            "language": text.language,
            "governing_language": version.language,
            "acceptance_clause": get_clause_number(version.pk, Rule.ACCEPTANCE),
            "acceptance_offline_clause": get_clause_number(version.pk, Rule.ACCEPTANCE_OFFLINE),
        },
        attachments=[{"name": "accepted agreement", "key": str(acceptance.pk)}],
    )


def get_copy_message(acceptance: Acceptance) -> Message | None:
    """Return the e-mail with the copy; None if the affiliate's data was erased."""
    keys = [f"{kind}:{acceptance.pk}" for kind in MAIL_KINDS.values()]
    return Message.objects.filter(key__in=keys).first()
