"""What an affiliate's next payout waits for, as things stand, each with its clause."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from agreements.clauses import clause_of
from agreements.models import Agreement
from agreements.rules import Rule
from portal.templatetags.accord import moment, money


class Wait(NamedTuple):
    """Something that the next payout waits for, with the clause that says so."""

    text: str
    clause: str
    address: str = ""


def waits(today: Any, expected: Decimal, agreement: Agreement | None, closes_at: datetime, final: bool) -> list[Wait]:
    """Why the next close would carry `expected` over, as things stand (CONTRACT 6.3); empty where it would pay."""
    if agreement is None:
        return [Wait(_("You are under no accepted version of the agreement."), "")]

    def because(text: str, rule: Rule, address: str = "") -> Wait:
        return Wait(text, clause_of(agreement.pk, rule), address)

    found = []
    if expected < 0:
        found.append(
            because(_("The balance is below zero; it is set off against what you earn later."), Rule.NEGATIVE_BALANCE)
        )
    elif expected < agreement.payout_minimum and not final:
        missing = money(agreement.payout_minimum - expected, agreement.currency)
        found.append(because(_("%s more until the payout minimum.") % missing, Rule.PAYOUT_MINIMUM))
    if today.state == "suspended":
        found.append(because(_("You are suspended: nothing is paid out meanwhile."), Rule.SUSPENSION))
    if today.details_usable_from is None:
        found.append(because(_("Payout details are missing."), Rule.PAYOUT_DETAILS, reverse("payouts:details")))
    elif today.details_usable_from > closes_at:
        text = format_html(
            _("Your payout details were changed: they can be used from {}."), moment(today.details_usable_from)
        )
        found.append(because(text, Rule.PAYOUT_DETAILS_HOLD_DAYS))
    if today.payouts_held:
        found.append(because(_("Your payouts are on hold: %s") % today.payouts_held, Rule.PAYOUT_HOLD))
    return found
