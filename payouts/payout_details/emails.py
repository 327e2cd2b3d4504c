"""The notice of a change of payout details, to the affiliate, the old and the new address (specification 6)."""

from datetime import datetime

from affiliates.models import Affiliate
from affiliates.notifications import notify
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from lib.formatting import lazy_datetime_for
from mail import outbox
from mail.models import Message
from payouts.models import PayoutDetails, PayoutHold
from payouts.payout_details.encryption import decrypt


def send_details_changed(
    *, affiliate: Affiliate, before: PayoutDetails | None, details: PayoutDetails, agreement: AgreementVersion | None
) -> None:
    """Queue the notice to the affiliate, and to the old and the new account where it is an e-mail address.

    While payouts are held after a change of the affiliate's e-mail address, their former addresses get it, too: a thief
    of the account would change the address first.
    """
    context = {
        "name": affiliate.name,
        "code": affiliate.code,
        "method": PayoutDetails.Method(details.method).label,
        "account": details.masked,
        "account_before": before.masked if before else "",
        "country_abroad": details.country.name if details.is_abroad() else "",
        "entered_at": lazy_datetime_for(details.entered_at, affiliate),
        "usable_from": lazy_datetime_for(details.usable_from, affiliate),
        "held": details.usable_from > details.entered_at,
        "clause": cite_clause(agreement, Rule.PAYOUT_DETAILS_HOLD_DAYS),
    }
    notify(affiliate=affiliate, kind="payout_details_changed", key=str(details.pk), context=context)
    notified = {affiliate.user.email.lower()}
    accounts = [
        decrypt(row.encrypted) for row in (before, details) if row and row.method == PayoutDetails.Method.PAYPAL
    ]
    for number, address in enumerate([*accounts, *_list_former_addresses(affiliate, details.entered_at)]):
        if address.lower() not in notified:
            notified.add(address.lower())
            outbox.queue_email(
                kind="payout_details_changed",
                to=address,
                key=f"payout_details_changed:{details.pk}:{number}",
                context=context,
                language=affiliate.language,
            )


def _list_former_addresses(affiliate: Affiliate, at: datetime) -> list[str]:
    """Return the affiliate's former e-mail addresses while payouts are held because of such a change; else none."""
    if not PayoutHold.objects.filter(affiliate=affiliate).after_email_change(at).exists():
        return []
    notices = Message.objects.filter(user=affiliate.user_id, kind="account_email_changed").order_by("id")
    return list(dict.fromkeys(notices.values_list("context__before", flat=True)))
