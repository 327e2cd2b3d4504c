"""Removal of an affiliate from the payout files that named them (specification 9)."""

from datetime import datetime

from affiliates.models import Affiliate
from payouts.disbursement.exports import get_file_content
from payouts.models import Payout, PayoutFile
from payouts.payout_details.encryption import encrypt
from payouts.payout_details.methods import METHODS


def redact_files(*, affiliate: Affiliate, now: datetime) -> int:
    """Replace holder, account and note of the affiliate in every exported file; amounts and references stay.

    Return the number of files. Their SHA-256 stays that of the file as it was exported. The caller allows redaction of
    append-only rows.
    """
    payouts = Payout.objects.for_affiliate(affiliate)
    references = set(payouts.values_list("reference", flat=True))
    redacted = 0
    for file in PayoutFile.objects.filter(batch__in=payouts.values("batch")):
        before = get_file_content(file)
        after = METHODS[file.method].redact_file(before, references)
        if after != before:
            PayoutFile.objects.filter(pk=file.pk).update(encrypted=encrypt(after.decode()), redacted_at=now)
            redacted += 1
    return redacted
