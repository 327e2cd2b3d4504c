"""Payout files of each method, built once when a batch is sent, and kept encrypted (specification 6)."""

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
from lib.money import ZERO
from payouts.disbursement import emails
from payouts.disbursement.approval import State, return_to_draft, summarize_batch, transition_batch
from payouts.disbursement.blockers import MAX_NAMED
from payouts.disbursement.payout_transitions import remove_unpayable
from payouts.errors import ApprovalVoided
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch, PayoutFile
from payouts.payout_details.details import get_account
from payouts.payout_details.encryption import decrypt, encrypt
from payouts.payout_details.methods import METHODS, Money, Sender, Transfer


def export(*, batch: PayoutBatch, now: datetime, by: User) -> list[PayoutFile]:
    """Send the approved `batch`: build its files, set its payouts to `sent` and notify the affiliates.

    A repeated export returns the same files, byte for byte. Raises ApprovalVoided if payees, amounts or destinations
    are not those approved, or if a payout can no longer be sent: the batch is then a draft again, without the
    unpayable payouts.
    """
    with transaction.atomic():
        booking.lock_shared()
        row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
        if row.state == State.SENT:
            return list(row.files.all())
        if row.state != State.APPROVED:
            raise IllegalTransition(_("Only an approved batch can be exported."))
        # ApprovalVoided is raised outside the transaction, so that the voided approval is not rolled back with it.
        void_reason = _void_approval(row, now, by)
        files = [] if void_reason else _send_batch(row, now, by)
    batch.refresh_from_db()
    if void_reason:
        raise ApprovalVoided(_("Nothing was exported. %(reason)s") % {"reason": void_reason})
    return files


def get_file_content(file: PayoutFile) -> bytes:
    """Return the content of `file`, as it was built."""
    return decrypt(file.encrypted).encode()


def _void_approval(batch: PayoutBatch, now: datetime, by: User) -> str:
    """Void the approval if it no longer holds, and return why; "" if it holds."""
    summary = summarize_batch(batch, now)
    if summary.digest != batch.digest:
        reason = _("Payees, amounts or destinations are not those that were approved.")
        return_to_draft(batch=batch, reason=reason, now=now, by=by)
        return _("The payouts have changed since they were approved. Submit them again.")
    if not summary.blockers:
        return ""
    removed = remove_unpayable(batch=batch, now=now, by=by)
    named = " ".join(f"{row.payout.affiliate.code}: {row.reason}" for row in removed[:MAX_NAMED])
    count = ngettext(
        "%(count)s payout was removed from the batch.", "%(count)s payouts were removed from the batch.", len(removed)
    )
    return f"{count % {'count': len(removed)}} {named} " + _("Submit the rest again.")


def _send_batch(batch: PayoutBatch, now: datetime, by: User) -> list[PayoutFile]:
    payouts = list(
        batch.payouts.filter(state=Payout.State.APPROVED)
        .select_related("affiliate__user", "details", "batch", "statement__close", "statement__agreement")
        .order_by("reference")
    )
    currency = get_program_currency()
    files = _build_files(batch, payouts, currency, now, by)
    reason = f"Exported as {', '.join(file.name for file in files)}."
    transition_batch(batch, (State.APPROVED,), now=now, by=by, reason=reason, state=State.SENT, sent_at=now)
    changed = Payout.objects.filter(pk__in=[row.pk for row in payouts], state=Payout.State.APPROVED)
    if changed.update(state=Payout.State.SENT, sent_at=now) != len(payouts):
        raise IllegalTransition(_("A payout of this batch was changed in the meantime."))
    emails.send_payouts_sent(payouts, currency, now)
    return files


def _build_files(
    batch: PayoutBatch, payouts: Sequence[Payout], currency: str, now: datetime, by: User
) -> list[PayoutFile]:
    methods: dict[str, list[Payout]] = defaultdict(list)
    for payout in payouts:
        methods[payout.details.method].append(payout)
    files = []
    for code, rows in sorted(methods.items()):
        size = METHODS[code].max_transfers
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        for part, some in enumerate(parts, 1):
            name = f"payouts-{now:%Y%m%d}-{code}-{batch.pk.hex[-8:]}"
            file = PayoutFile(
                batch=batch, method=code, part=part, name=name if len(parts) == 1 else f"{name}-{part}-of-{len(parts)}"
            )
            _fill_file(file, some, currency, now, by)
            files.append(file)
    return PayoutFile.objects.bulk_create(files)


def _fill_file(file: PayoutFile, payouts: Sequence[Payout], currency: str, now: datetime, by: User) -> None:
    method = METHODS[file.method]
    transfers = [_build_transfer(row, currency) for row in payouts]
    content = method.build_file(_build_sender(file, now), transfers)
    file.name = f"{file.name}.{method.suffix}"
    file.media_type = method.media_type
    file.payouts = len(payouts)
    file.total = sum((row.amount for row in payouts), ZERO)
    file.sha256 = hashlib.sha256(content).hexdigest()
    file.encrypted = encrypt(content.decode())
    file.made_at, file.made_by = now, by


def _build_sender(file: PayoutFile, now: datetime) -> Sender:
    # A bank refuses a second file with the same id; 35 characters are allowed.
    message_id = file.batch.pk.hex if file.part == 1 else f"{file.batch.pk.hex}-{file.part}"
    return Sender(settings.SEPA_DEBTOR_NAME, settings.SEPA_DEBTOR_IBAN, message_id, now)


def _build_transfer(payout: Payout, currency: str) -> Transfer:
    return Transfer(
        reference=payout.reference,
        holder=payout.details.holder,
        account=get_account(payout.details),
        money=Money(payout.amount, currency),
        note=f"{settings.PROGRAM_NAME} {payout.affiliate.code} {payout.reference}",
    )
