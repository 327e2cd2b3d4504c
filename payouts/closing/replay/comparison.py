"""Comparison of a closed month with its recomputation, to the cent."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from affiliates.models import Affiliate, State, StatusChange
from agreements import applicable_version
from agreements.applicable_version import resolve_applicable_version
from agreements.models import AgreementVersion
from lib.money import ZERO
from payouts.closing.replay import commissions, histories
from payouts.models import Close, Statement, StatementLine
from tracking.models import OrderLine


class Difference(NamedTuple):
    """A figure of a statement or a commission whose posted and recomputed amounts differ; `affiliate` is a code."""

    affiliate: str
    figure: str
    stored: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.affiliate}: {self.figure} was posted as {self.stored}, but recomputes to {self.recomputed}"


class StatementFigures(NamedTuple):
    """The amounts of a statement, in the program's currency."""

    opening: Decimal
    settled: Decimal
    adjustments: Decimal
    returned: Decimal
    payout: Decimal
    closing: Decimal


ZERO_FIGURES = StatementFigures(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)


def replay(close: Close, progress: Callable[[int], None] = lambda _orders: None) -> list[Difference]:
    """Return every difference between what `close` posted and what order snapshots and histories give.

    `progress` is called with the number of orders recomputed.
    """
    exceptions = set(close.exceptions.values_list("affiliate_id", flat=True))
    lines = _recompute_lines(close, exceptions, progress)
    posted = dict(StatementLine.objects.filter(close=close).values_list("commission_id", "amount"))
    owners = {pk: affiliate_id for pk, (affiliate_id, _) in lines.items()}
    owners |= dict(StatementLine.objects.filter(close=close).values_list("commission_id", "statement__affiliate_id"))
    codes = dict(Affiliate.objects.values_list("pk", "code"))
    differing = {
        pk: (str(before), str(after))
        for pk in sorted(posted.keys() | lines.keys())
        if (before := posted.get(pk, ZERO)) != (after := lines[pk][1] if pk in lines else ZERO)
    }
    names = _name_lines(list(differing))
    differences = [Difference(codes[owners[pk]], names[pk], *amounts) for pk, amounts in differing.items()]
    recomputed = _recompute_figures(close, lines, exceptions)
    stored = {
        row[0]: StatementFigures(*row[1:])
        for row in Statement.objects.filter(close=close).values_list("affiliate_id", *StatementFigures._fields)
    }
    for affiliate_id in sorted(recomputed.keys() | stored.keys(), key=str):
        pairs = zip(
            StatementFigures._fields,
            stored.get(affiliate_id, ZERO_FIGURES),
            recomputed.get(affiliate_id, ZERO_FIGURES),
            strict=True,
        )
        differences += [
            Difference(codes[affiliate_id], name, str(before), str(after))
            for name, before, after in pairs
            if before != after
        ]
    return differences


def _name_lines(commissions: list[int]) -> dict[int, str]:
    """Return a name for each commission, such as "line 1 of order A1"."""
    lines = OrderLine.objects.filter(pk__in=commissions).values_list("pk", "line_id", "order__order_id")
    return {pk: f"line {line_id} of order {order_id}" for pk, line_id, order_id in lines}


def _recompute_lines(
    close: Close, exceptions: set[UUID], progress: Callable[[int], None]
) -> dict[int, tuple[UUID, Decimal]]:
    """Return {commission: (affiliate, the difference that the close had to post)}."""
    settled, held = histories.get_settled_amounts(close), histories.list_held_commissions(close.closed_at)
    forfeited = histories.list_forfeited_commissions(close.closed_at)
    lines: dict[int, tuple[UUID, Decimal]] = {}
    for commission in commissions.recompute_commissions(close, histories.get_settled_owners(close), progress):
        pk, affiliate_id, validates_at = commission.commission_id, commission.affiliate_id, commission.validates_at
        amount = ZERO if pk in forfeited else commission.amount
        before = settled.get(pk)
        difference = amount - (before or ZERO)
        is_validated = before is not None or (validates_at is not None and validates_at < close.ends_at)
        if not difference or not is_validated or affiliate_id in exceptions:
            continue
        if difference < 0 or pk not in held:
            lines[pk] = (affiliate_id, difference)
    return lines


def _recompute_figures(
    close: Close, lines: dict[int, tuple[UUID, Decimal]], exceptions: set[UUID]
) -> dict[UUID, StatementFigures]:
    settled: dict[UUID, Decimal] = defaultdict(Decimal)
    for affiliate_id, amount in lines.values():
        settled[affiliate_id] += amount
    opening = {pk: amount for pk, amount in histories.get_closing_balances(close).items() if amount}
    adjustments, returned = histories.sum_adjustments(close), histories.sum_returned_payouts(close)
    affiliate_ids = (opening.keys() | settled.keys() | adjustments.keys() | returned.keys()) - exceptions
    check = _PayabilityCheck(close, affiliate_ids)
    figures = {}
    for pk in affiliate_ids:
        amounts = [source.get(pk, ZERO) for source in (opening, settled, adjustments, returned)]
        balance = sum(amounts, ZERO)
        payout = balance if check.is_payable(pk, balance) else ZERO
        figures[pk] = StatementFigures._make([*amounts, payout, balance - payout])
    return figures


class _PayabilityCheck:
    """The conditions of a payout as of the time of the close (specification 6.3)."""

    def __init__(self, close: Close, affiliate_ids: set[UUID]) -> None:
        self.at = close.closed_at
        self.statuses = histories.get_last_changes(affiliate_ids, self.at)
        self.ended = histories.list_ended_affiliates(self.at)
        self.details = histories.get_payout_details(affiliate_ids, self.at)
        self.held = histories.list_held_affiliates(self.at)
        self.versions = applicable_version.list_published_versions()
        self.accepted = applicable_version.get_acceptance_times(affiliate_ids)
        self.agreements = AgreementVersion.objects.published().in_bulk()

    def is_payable(self, affiliate_id: UUID, balance: Decimal) -> bool:
        status, details = self.statuses.get(affiliate_id), self.details.get(affiliate_id)
        version = resolve_applicable_version(self.versions, self.accepted.get(affiliate_id, {}), self.at).agreement_id
        if status is None or version is None or balance <= 0:
            return False
        if status.after not in (State.ACTIVE, State.LEAVING, State.TERMINATED):
            return False
        if details is None or details.confirmed_at is None or details.confirmed_at > self.at:
            return False
        terms = self.agreements[version]
        if details.get_usable_from(terms.payout_details_hold_days) > self.at or affiliate_id in self.held:
            return False
        return self._is_final(status) or balance >= terms.payout_minimum

    def _is_final(self, status: StatusChange) -> bool:
        """Return whether the close ignored the payout threshold (specification 6.3)."""
        if status.after == State.TERMINATED or status.affiliate_id in self.ended:
            return True
        return status.after == State.LEAVING and status.notice_ends_at is not None and status.notice_ends_at <= self.at
