"""A closed month worked out anew, held against its statements to the cent."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from affiliates.models import Affiliate, State
from agreements import under
from agreements.models import Agreement
from agreements.under import under_at
from lib.money import ZERO
from payouts.closing.replay import commissions, histories
from payouts.models import Close, Statement, StatementLine
from tracking.models import OrderLine


class Difference(NamedTuple):
    """What was posted and what it should have been, for a statement's figure or a commission."""

    affiliate: str
    what: str
    posted: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.affiliate}: {self.what} was posted as {self.posted}, recomputed it is {self.recomputed}"


class Figures(NamedTuple):
    """What a statement says; amounts in the program's currency."""

    opening: Decimal
    settled: Decimal
    adjustments: Decimal
    returned: Decimal
    payout: Decimal
    closing: Decimal


NOTHING = Figures(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)


def replay(close: Close, tell: Callable[[int], None] = lambda _orders: None) -> list[Difference]:
    """Every difference between what `close` posted and what follows from receipts and histories; none is as it should be.

    `tell` learns how many orders have been worked out anew.
    """
    set_aside = set(close.set_aside.values_list("affiliate_id", flat=True))
    lines = _lines(close, set_aside, tell)
    posted = dict(StatementLine.objects.filter(close=close).values_list("commission_id", "amount"))
    owners = {pk: affiliate_id for pk, (affiliate_id, _) in lines.items()}
    owners |= dict(StatementLine.objects.filter(close=close).values_list("commission_id", "statement__affiliate_id"))
    codes = dict(Affiliate.objects.values_list("pk", "code"))
    differ = {
        pk: (str(was), str(should))
        for pk in sorted(posted.keys() | lines.keys())
        if (was := posted.get(pk, ZERO)) != (should := lines[pk][1] if pk in lines else ZERO)
    }
    named = _named(list(differ))
    found = [Difference(codes[owners[pk]], named[pk], *amounts) for pk, amounts in differ.items()]
    recomputed = _figures(close, lines, set_aside)
    stored = {
        row[0]: Figures(*row[1:])
        for row in Statement.objects.filter(close=close).values_list("affiliate_id", *Figures._fields)
    }
    for affiliate_id in sorted(recomputed.keys() | stored.keys(), key=str):
        pairs = zip(
            Figures._fields, stored.get(affiliate_id, NOTHING), recomputed.get(affiliate_id, NOTHING), strict=True
        )
        found += [Difference(codes[affiliate_id], name, str(was), str(is_)) for name, was, is_ in pairs if was != is_]
    return found


def _named(commissions: list[int]) -> dict[int, str]:
    """Which line of which order each is for."""
    lines = OrderLine.objects.filter(pk__in=commissions).values_list("pk", "line_id", "order__order_id")
    return {pk: f"line {line_id} of order {order_id}" for pk, line_id, order_id in lines}


def _lines(close: Close, set_aside: set[UUID], tell: Callable[[int], None]) -> dict[int, tuple[UUID, Decimal]]:
    """{commission: (affiliate, the difference that the close had to post)}."""
    settled, held = histories.settled_before(close), histories.held(close.closed_at)
    forfeited = histories.forfeited(close.closed_at)
    lines: dict[int, tuple[UUID, Decimal]] = {}
    for one in commissions.at_the_cut(close, histories.settled_to(close), tell):
        amount = ZERO if one.commission_id in forfeited else one.amount
        before = settled.get(one.commission_id)
        difference = amount - (before or ZERO)
        valid = before is not None or (one.validates_at is not None and one.validates_at < close.ends_at)
        if not difference or not valid or one.affiliate_id in set_aside:
            continue
        if difference < 0 or one.commission_id not in held:
            lines[one.commission_id] = (one.affiliate_id, difference)
    return lines


def _figures(close: Close, lines: dict[int, tuple[UUID, Decimal]], set_aside: set[UUID]) -> dict[UUID, Figures]:
    settled: dict[UUID, Decimal] = defaultdict(Decimal)
    for affiliate_id, amount in lines.values():
        settled[affiliate_id] += amount
    opening = {pk: amount for pk, amount in histories.closing_before(close).items() if amount}
    adjustments, returned = histories.adjustments(close), histories.returned(close)
    concerned = (opening.keys() | settled.keys() | adjustments.keys() | returned.keys()) - set_aside
    payable = _Payable(close, concerned)
    figures = {}
    for pk in concerned:
        before, lines_, adjusted, back = (source.get(pk, ZERO) for source in (opening, settled, adjustments, returned))
        balance = before + lines_ + adjusted + back
        payout = balance if payable.pays(pk, balance) else ZERO
        figures[pk] = Figures(before, lines_, adjusted, back, payout, balance - payout)
    return figures


class _Payable:
    """Who could be paid when the month was closed, and from how much up (CONTRACT 6.3)."""

    def __init__(self, close: Close, concerned: set[UUID]) -> None:
        self.at = close.closed_at
        self.states = histories.states(concerned, self.at)
        self.notices_ended = histories.notices_ended(self.at)
        self.details = histories.details(concerned, self.at)
        self.held = histories.payouts_held(self.at)
        self.versions = under.versions()
        self.accepted = under.acceptances(concerned)
        self.minimums = dict(Agreement.objects.published().values_list("pk", "payout_minimum"))

    def pays(self, affiliate_id: UUID, balance: Decimal) -> bool:
        state, details = self.states.get(affiliate_id), self.details.get(affiliate_id)
        version = under_at(self.versions, self.accepted.get(affiliate_id, {}), self.at).agreement_id
        if state not in (State.ACTIVE, State.LEAVING, State.TERMINATED) or version is None or balance <= 0:
            return False
        if details is None or details.confirmed_at is None or details.confirmed_at > self.at:
            return False
        if details.usable_from > self.at or affiliate_id in self.held:
            return False
        final = state == State.TERMINATED or (state == State.LEAVING and affiliate_id in self.notices_ended)
        return final or balance >= self.minimums[version]
