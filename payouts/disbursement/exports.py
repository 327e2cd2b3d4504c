"""The files that are paid from: one a method, made once when a batch is sent, kept encrypted (CONTRACT 6)."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from affiliates.errors import IllegalTransition
from agreements.program_currency import get_program_currency
from payouts.disbursement import emails
from payouts.disbursement.approval import MAX_NAMED, State, return_to_draft, summarize_batch, transition_batch
from payouts.disbursement.payout_transitions import remove_unpayable
from payouts.errors import ApprovalVoided
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch, PayoutFile
from payouts.payout_details.details import get_account
from payouts.payout_details.encryption import decrypt, encrypt
from payouts.payout_details.methods import METHODS, Money, Sender, Transfer


def export(*, batch: PayoutBatch, now: datetime, by: User) -> list[PayoutFile]:
    """Send the approved `batch`: its payouts become `sent`, the affiliates are told, and its files are made.

    Asked again, it gives the same files, byte for byte. ApprovalVoided where payees, amounts or destinations are not those
    approved, or where a payout may not be sent any more: the batch is then a draft again with that reason, and what may not be
    sent is put aside, so that the rest can be submitted and approved anew.
    """
    with transaction.atomic():
        booking.lock_shared()
        row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
        if row.state == State.SENT:
            return list(row.files.all())
        if row.state != State.APPROVED:
            raise IllegalTransition(_("Only an approved batch can be exported."))
        # Before anything is written: a voided approval is kept, and must not be rolled back with the refusal.
        voided = _void_approval(row, now, by)
        files = [] if voided else _send_batch(row, now, by)
    batch.refresh_from_db()
    if voided:
        raise ApprovalVoided(_("The approval is void, nothing was exported. %(why)s") % {"why": voided})
    return files


def get_file_content(file: PayoutFile) -> bytes:
    """The bytes of `file`, as they were made."""
    return decrypt(file.encrypted).encode()


def _void_approval(batch: PayoutBatch, now: datetime, by: User) -> str:
    """Void an approval that no longer holds, and say why; "" where it does."""
    shown = summarize_batch(batch, now)
    if shown.digest != batch.digest:
        why = _("Payees, amounts or destinations are not those that were approved.")
        return_to_draft(batch=batch, reason=why, now=now, by=by)
        return why
    if not shown.blockers:
        return ""
    aside = remove_unpayable(batch=batch, now=now, by=by)
    named = " ".join(f"{row.payout.affiliate.code}: {row.reason}" for row in aside[:MAX_NAMED])
    count = ngettext("%(count)s payout was put aside.", "%(count)s payouts were put aside.", len(aside))
    return f"{count % {'count': len(aside)}} {named} " + _("The others can be submitted again.")


def _send_batch(batch: PayoutBatch, now: datetime, by: User) -> list[PayoutFile]:
    payouts = list(
        batch.payouts.filter(state=Payout.State.APPROVED)
        .select_related("affiliate__user", "details", "batch", "statement__close")
        .order_by("reference")
    )
    currency = get_program_currency()
    files = _build_files(batch, payouts, currency, now, by)
    why = f"Exported as {', '.join(file.name for file in files)}."
    transition_batch(batch, (State.APPROVED,), now=now, by=by, reason=why, state=State.SENT, sent_at=now)
    changed = Payout.objects.filter(pk__in=[row.pk for row in payouts], state=Payout.State.APPROVED)
    if changed.update(state=Payout.State.SENT, sent_at=now) != len(payouts):
        raise IllegalTransition(_("A payout of this batch was changed in the meantime."))
    emails.send_payouts_sent(payouts, currency)
    return files


def _build_files(
    batch: PayoutBatch, payouts: Sequence[Payout], currency: str, now: datetime, by: User
) -> list[PayoutFile]:
    methods: dict[str, list[Payout]] = defaultdict(list)
    for payout in payouts:
        methods[payout.details.method].append(payout)
    files = []
    for code, rows in sorted(methods.items()):
        method = METHODS[code]
        made = method.build_file(_build_sender(batch, code, now), [_build_transfer(row, currency) for row in rows])
        files.append(
            PayoutFile(
                batch=batch,
                method=code,
                name=f"payouts-{now:%Y%m%d}-{code}-{batch.pk.hex[-8:]}.{method.suffix}",
                media_type=method.media_type,
                sha256=hashlib.sha256(made).hexdigest(),
                encrypted=encrypt(made.decode()),
                made_at=now,
                made_by=by,
            )
        )
    return PayoutFile.objects.bulk_create(files)


def _build_sender(batch: PayoutBatch, method: str, now: datetime) -> Sender:
    return Sender(settings.SEPA_DEBTOR_NAME, settings.SEPA_DEBTOR_IBAN, f"{batch.pk.hex}", now)


def _build_transfer(payout: Payout, currency: str) -> Transfer:
    return Transfer(
        reference=payout.reference,
        holder=payout.details.holder,
        account=get_account(payout.details),
        country=payout.affiliate.country.code,
        money=Money(payout.amount, currency),
        note=f"{settings.PROGRAM_NAME} {payout.affiliate.code} {payout.reference}",
    )
