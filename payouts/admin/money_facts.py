"""What the confirmation of a money action shows: who it is about, their balance, and what will become of it."""

from decimal import Decimal

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.admin_fields import list_affiliate_facts
from affiliates.models import Affiliate
from agreements.program_currency import get_program_currency
from lib.admin.confirmation import Fact
from lib.formatting import format_money
from lib.money import ZERO
from payouts.disbursement.approval import UNSENT_STATES, list_batch_blockers, list_payout_warnings
from payouts.disbursement.blockers import cut_named
from payouts.disbursement.payout_notes import describe_return, explain_payouts, find_last_returns
from payouts.ledger import booking
from payouts.models import Adjustment, Payout, PayoutBatch, PayoutDetails, PayoutHold
from payouts.payout_details.details import get_current_details


def list_balance_facts(affiliate: Affiliate, *, change: Decimal = ZERO) -> list[Fact]:
    """Return who the affiliate is and their balance, and the balance after `change` if there is any."""
    balance, currency = booking.get_balance(affiliate), get_program_currency()
    facts = [*list_affiliate_facts(affiliate), Fact(gettext_lazy("Balance"), format_money(balance, currency))]
    if change:
        facts.append(Fact(gettext_lazy("Balance afterwards"), format_money(balance + change, currency)))
    return facts


def list_proposal_facts(affiliate: Affiliate, *, label: str, amount: Decimal) -> list[Fact]:
    """Return what an adjustment of `amount` changes once a close has posted it."""
    adjustment = Fact(label, format_money(amount, get_program_currency()))
    return [adjustment, *list_balance_facts(affiliate, change=amount)]


def list_write_off_facts(affiliate: Affiliate) -> list[Fact]:
    """Return what a write-off changes: it is exactly what the affiliate owes."""
    return list_proposal_facts(affiliate, label=_("Write-off"), amount=-booking.get_balance(affiliate))


def list_adjustment_facts(adjustment: Adjustment) -> list[Fact]:
    """Return what a proposed adjustment changes, with its reason."""
    facts = list_proposal_facts(
        adjustment.affiliate, label=adjustment.kind_label.capitalize(), amount=adjustment.amount
    )
    proposer = Fact(gettext_lazy("Proposed by"), str(adjustment.made_by))
    return [*facts, Fact(gettext_lazy("Reason"), adjustment.reason), proposer]


def list_hold_facts(affiliate: Affiliate) -> list[Fact]:
    """Return whose payouts are held, and what is under way to them and not affected."""
    unsent = affiliate.payouts.filter(state__in=UNSENT_STATES)
    return [*list_balance_facts(affiliate), Fact(gettext_lazy("Payouts not sent yet"), _describe_sum(unsent))]


def list_release_facts(hold: PayoutHold) -> list[Fact]:
    """Return whose payouts a hold keeps back, since when and why."""
    return [*list_hold_facts(hold.affiliate), Fact(gettext_lazy("Reason of the hold"), hold.reason)]


def list_return_facts(payout: Payout) -> list[Fact]:
    """Return what becomes of the balance when a payout goes back to it."""
    return [*_list_payout_facts(payout), *list_balance_facts(payout.affiliate, change=payout.amount)]


def list_reissue_facts(payout: Payout) -> list[Fact]:
    """Return what becomes of the balance when a payout is made again, and where it goes."""
    details = get_current_details(payout.affiliate, timezone.now())
    account = f"{details.get_method_display()}, {details.masked}" if details else _("no payout details")
    facts = [*_list_payout_facts(payout), *list_balance_facts(payout.affiliate, change=-payout.amount)]
    facts.append(Fact(gettext_lazy("Paid to"), account))
    if details and (last := find_return_to(details)):
        facts.append(Fact(gettext_lazy("The last payout to this account came back"), describe_return(last)))
    return facts


def find_return_to(details: PayoutDetails) -> Payout | None:
    """Return the last payout to an account if it came back."""
    return next(iter(find_last_returns([details]).values()), None)


def list_submission_facts(batch: PayoutBatch) -> list[Fact]:
    """Return what is submitted, and which of it is unusual: the affiliates of each kind with their amounts."""
    rows = {row.pk: row for row in batch.payouts.filter(state__in=UNSENT_STATES).select_related("affiliate", "details")}
    warnings = {pk: found for pk, found in list_payout_warnings(batch).items() if pk in rows}
    notes = explain_payouts(list(rows.values()), warnings)
    named = [f"{rows[pk].affiliate}: {' '.join(_end_sentence(note) for note in found)}" for pk, found in notes.items()]
    named = cut_named(named, _("And %(more)s more, on the page of the approval."))
    unusual = [Fact(gettext_lazy("Unusual"), text) for text in named]
    return [*list_batch_facts(batch), *_list_blocker_facts(batch), *unusual]


def _list_blocker_facts(batch: PayoutBatch) -> list[Fact]:
    blockers, currency = list_batch_blockers(batch, timezone.now()), get_program_currency()
    named = [f"{row.payout.affiliate}, {format_money(row.payout.amount, currency)}: {row}" for row in blockers]
    named = cut_named(named, _("And %(more)s more, on the page of the batch."))
    return [Fact(gettext_lazy("Cannot be sent now"), text) for text in named]


def list_batch_facts(batch: PayoutBatch, *states: str) -> list[Fact]:
    """Return the payouts of a batch that an action changes: those in `states`, or all that are not cancelled."""
    rows = batch.payouts.all()
    rows = rows.filter(state__in=states) if states else rows.exclude(state=Payout.State.CANCELLED)
    return [
        Fact(gettext_lazy("Batch"), str(batch.name)),
        Fact(gettext_lazy("State"), batch.get_state_display()),
        Fact(gettext_lazy("Payouts"), _describe_sum(rows)),
    ]


def _end_sentence(text: str) -> str:
    return f"{text.rstrip('.')}."


def _list_payout_facts(payout: Payout) -> list[Fact]:
    return [
        Fact(gettext_lazy("Payout"), payout.reference),
        Fact(gettext_lazy("Amount"), format_money(payout.amount, get_program_currency())),
    ]


def _describe_sum(payouts: QuerySet[Payout]) -> str:
    sums = payouts.order_by().aggregate(sum=Sum("amount"), count=Count("pk"))
    total = format_money(sums["sum"] or ZERO, get_program_currency())
    text = ngettext("%(count)s payout, %(total)s", "%(count)s payouts, %(total)s", sums["count"])
    return text % {"count": sums["count"], "total": total}
