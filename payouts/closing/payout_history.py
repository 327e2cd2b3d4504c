"""What became of a payout: sent, paid, came back, prepared again (specification 6)."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.periods import format_program_day, get_program_time_zone
from agreements.program_currency import get_program_currency
from lib.formatting import format_money
from payouts.models import Payout, Statement


class PayoutStep(NamedTuple):
    """An entry of `components/timeline.html`."""

    title: str
    at: datetime
    text: str = ""


def describe_destination(payout: Payout) -> dict[str, str]:
    """Return method, account and reference of a payout, by the names of placeholders."""
    return {
        "method": str(payout.details.get_method_display()),
        "account": payout.details.masked,
        "reference": payout.reference,
    }


def find_successor(payout: Payout) -> Payout | None:
    """Return the payout that pays again what came back with `payout`."""
    return getattr(payout, "replaced_by", None)


def describe_successor(payout: Payout) -> str:
    """Return what became of an amount that came back: paid again, on a statement, or in the balance; "" for others."""
    if payout.returned_at is None:
        return ""
    successor = find_successor(payout)
    if successor is not None:
        return _describe_second_payout(successor)
    if payout.returned_statement is not None:
        return _("The amount is on statement no. %(number)d, and paid with its balance.") % {
            "number": payout.returned_statement.number
        }
    return _("The amount is in your balance again.")


def _describe_second_payout(successor: Payout) -> str:
    text = _("It is paid again by %(method)s to %(account)s, reference %(reference)s: being prepared.")
    if successor.state == Payout.State.SENT:
        text = _("It was paid again by %(method)s to %(account)s, reference %(reference)s: sent on %(day)s.")
    elif successor.state == Payout.State.PAID:
        text = _("It was paid again by %(method)s to %(account)s, reference %(reference)s: paid on %(day)s.")
    elif successor.returned_at is not None:
        text = _("It was paid again by %(method)s to %(account)s, reference %(reference)s, and came back on %(day)s.")
    at = successor.returned_at or successor.paid_at or successor.sent_at
    return text % (describe_destination(successor) | {"day": format_program_day(at)})


def find_statement(payout: Payout) -> Statement | None:
    """Return the statement whose balance `payout` pays, also if it pays again what came back."""
    first = payout
    while first.statement is None and first.replaces is not None:
        first = first.replaces
    return first.statement


def find_last(payout: Payout) -> Payout:
    """Return the payout that paid again last what came back with `payout`; `payout` itself if none did."""
    last = payout
    while (following := find_successor(last)) is not None:
        last = following
    return last


def list_steps(payout: Payout) -> list[PayoutStep]:
    """Return the whole way of a statement's payout and of those that paid it again; empty unless one came back."""
    if payout.returned_at is None:
        return []
    steps: list[PayoutStep] = []
    current: Payout | None = payout
    while current is not None:
        steps.extend(_list_own_steps(current, is_first=current is payout))
        related = Payout.objects.select_related("details", "returned_statement")
        current = related.filter(replaces=current).first()
    return steps


def _list_own_steps(payout: Payout, *, is_first: bool) -> Iterator[PayoutStep]:
    values = describe_destination(payout) | {"amount": format_money(payout.amount, get_program_currency())}
    text = _("%(amount)s by %(method)s to %(account)s, reference %(reference)s.") % values
    yield PayoutStep(_("Prepared") if is_first else _("Prepared again"), payout.created_at, text)
    if payout.sent_at:
        yield PayoutStep(_("Sent"), payout.sent_at)
    if payout.paid_at:
        yield PayoutStep(_("Paid"), payout.paid_at)
    if payout.returned_at:
        is_cancelled = payout.state == Payout.State.CANCELLED
        yield PayoutStep(_("Cancelled") if is_cancelled else _("Returned"), payout.returned_at, payout.failure)


def count_days_of_last(affiliate: Affiliate) -> int | None:
    """Return how many days after it was prepared the affiliate's last payout was paid; None if none was."""
    last = Payout.objects.for_affiliate(affiliate).filter(state=Payout.State.PAID).order_by("-paid_at", "-pk").first()
    if last is None or last.paid_at is None:
        return None
    zone = get_program_time_zone()
    return (last.paid_at.astimezone(zone).date() - last.created_at.astimezone(zone).date()).days
