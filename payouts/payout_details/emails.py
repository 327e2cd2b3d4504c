"""Telling a change of payout details to the old and the new address, and to the affiliate (CONTRACT 6)."""

from affiliates.models import Affiliate
from affiliates.notify import notify
from agreements.clauses import clause_in_force
from agreements.models import Agreement
from agreements.rules import Rule
from lib.formatting import moment_for
from mail import outbox
from payouts.models import PayoutDetails
from payouts.payout_details.encryption import decrypt


def tell(
    *, affiliate: Affiliate, before: PayoutDetails | None, details: PayoutDetails, agreement: Agreement | None
) -> None:
    """Post `payout_details_changed` to the affiliate, and to the old and new account where it is an e-mail address."""
    context = {
        "name": affiliate.name,
        "code": affiliate.code,
        "method": str(PayoutDetails.Method(details.method).label),
        "account": details.masked,
        "account_before": before.masked if before else "",
        "entered_at": moment_for(details.entered_at, affiliate),
        "usable_from": moment_for(details.usable_from, affiliate),
        "held": details.usable_from > details.entered_at,
        "clause": clause_in_force(Rule.PAYOUT_DETAILS_HOLD_DAYS, agreement),
    }
    notify(affiliate=affiliate, kind="payout_details_changed", key=str(details.pk), context=context)
    told = {affiliate.user.email.lower()}
    for number, row in enumerate((before, details)):
        address = decrypt(row.encrypted) if row and row.method == PayoutDetails.Method.PAYPAL else ""
        if address and address not in told:
            told.add(address)
            outbox.post(
                kind="payout_details_changed",
                to=address,
                key=f"payout_details_changed:{details.pk}:{number}",
                context=context,
            )
