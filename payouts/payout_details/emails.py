"""The notice of a change of payout details, to the affiliate, the old and the new address (specification 6)."""

from affiliates.models import Affiliate
from affiliates.notifications import notify
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from lib.formatting import format_datetime_for
from mail import outbox
from payouts.models import PayoutDetails
from payouts.payout_details.encryption import decrypt


def send_details_changed(
    *, affiliate: Affiliate, before: PayoutDetails | None, details: PayoutDetails, agreement: AgreementVersion | None
) -> None:
    """Queue the notice to the affiliate, and to the old and the new account where it is an e-mail address."""
    context = {
        "name": affiliate.name,
        "code": affiliate.code,
        "method": str(PayoutDetails.Method(details.method).label),
        "account": details.masked,
        "account_before": before.masked if before else "",
        "entered_at": format_datetime_for(details.entered_at, affiliate),
        "usable_from": format_datetime_for(details.usable_from, affiliate),
        "held": details.usable_from > details.entered_at,
        "clause": cite_clause(agreement, Rule.PAYOUT_DETAILS_HOLD_DAYS),
    }
    notify(affiliate=affiliate, kind="payout_details_changed", key=str(details.pk), context=context)
    notified = {affiliate.user.email.lower()}
    for number, row in enumerate((before, details)):
        address = decrypt(row.encrypted) if row and row.method == PayoutDetails.Method.PAYPAL else ""
        if address and address not in notified:
            notified.add(address)
            outbox.queue_email(
                kind="payout_details_changed",
                to=address,
                key=f"payout_details_changed:{details.pk}:{number}",
                context=context,
                language=affiliate.language,
            )
