"""The records of the reference implementation, in whole cents and hundredths of a percent."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNSENT_STATES = ("draft", "submitted", "approved")
RETURNED_STATES = ("failed", "cancelled")


@dataclass
class Version:
    """The terms of an agreement version; `detriment` means worse for affiliates than the version before."""

    name: str
    rates: dict[str, int]
    everything_else: int
    minimum: int
    validation_days: int
    attribution_days: int
    effective_at: datetime
    detriment: bool = False


@dataclass
class Person:
    """An affiliate. `history` has the changes of state that count; those that an appeal undid are removed from it."""

    code: str
    history: list[tuple[datetime, str]]
    accepted: dict[str, datetime]
    usable_from: datetime
    details: int = 1
    holds: set[str] = field(default_factory=set)
    breached_at: datetime | None = None
    # The end of the hold after the last change of the e-mail address.
    email_held_until: datetime | None = None
    notice_ends_at: datetime | None = None
    statements: int = 0
    carried: int = 0

    @property
    def state(self) -> str:
        return self.history[-1][1]

    def is_notice_over(self, now: datetime) -> bool:
        return self.notice_ends_at is not None and self.notice_ends_at <= now

    def is_held_after_email_change(self, now: datetime) -> bool:
        return self.email_held_until is not None and self.email_held_until > now

    def state_at(self, at: datetime) -> str:
        return ["", *(state for since, state in self.history if since <= at)][-1]


@dataclass
class CouponPeriod:
    """The assignment of a code; it also ends with the affiliate's termination."""

    owner: str
    since: datetime
    until: datetime | None = None


@dataclass
class ReviewRow:
    """A review of an affiliate that names the lines of one order; deadlines are 30, 14 and 30 days."""

    key: Any
    owner: str
    lines: list["Line"]
    opened_at: datetime
    state: str = "open"
    decision: str = ""
    decided_at: datetime | None = None
    appealed_at: datetime | None = None
    change: tuple[datetime, str] | None = None  # the change of state that it decided

    @property
    def source(self) -> str:
        return f"review:{self.key}"


@dataclass
class Line:
    """An order line of the newest snapshot, and its commission; `owner` is None until it is credited."""

    category: str
    cents: int
    refunded: int = 0
    owner: str | None = None
    amount: int = 0
    validated_at: datetime | None = None
    settled: int = 0
    posted: bool = False
    forfeited: bool = False
    holds: set[str] = field(default_factory=set)


@dataclass
class Sale:
    order_id: str
    placed_at: datetime
    lines: list[Line]
    coupon: str | None
    completed_at: datetime | None = None
    click: tuple[str, datetime] | None = None  # whose link, and when
    cancelled: bool = False
    owner: str | None = None
    version: Version | None = None

    @property
    def settled(self) -> bool:
        return any(line.posted for line in self.lines)


@dataclass
class PayoutRow:
    """A payout. `detail` is the number of the payout details used; `key` is the product's primary key."""

    key: Any
    owner: str
    amount: int
    detail: int
    state: str = "draft"
    on_statement: bool = False
    replaced: bool = False


@dataclass
class Batch:
    key: Any
    payouts: list[PayoutRow]
    state: str = "draft"


@dataclass
class AdjustmentRow:
    key: Any
    owner: str
    amount: int
    state: str = "proposed"
    decided_at: datetime | None = None
    posted: bool = False


@dataclass
class StatementFigures:
    """The number, opening, lines, settled, adjustments, returned, payout, closing of a statement; and its reasons."""

    figures: tuple[int, ...]
    reasons: set[str]

    @property
    def paid(self) -> int:
        return self.figures[-2]
