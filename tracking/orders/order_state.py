"""An order as a batch of snapshots finds it, and as it leaves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracking.orders.attribution import Attribution
from tracking.orders.click_details import UNKNOWN, ClickDetails
from tracking.orders.snapshots import Line, Snapshot


@dataclass(slots=True, eq=False)
class OrderState:
    """What the database holds of an order, and what a batch changes of it.

    `updated_at` is the newest snapshot known before the batch, None for a new order. `snapshot` is the newest of the
    batch if it counts; `sequence` is its number. `lines` are (primary key, line) pairs; lines that have vanished come
    last, with 0.00.
    """

    pk: UUID
    placed_at: datetime
    updated_at: datetime | None
    attribution: Attribution
    stored_attribution: Attribution | None = None
    snapshot: Snapshot | None = None
    clause: str = ""
    click_details: ClickDetails = UNKNOWN
    is_new: bool = False
    is_frozen: bool = False
    sequence: int = 0
    lines: Sequence[tuple[int, Line]] = ()

    @property
    def changes_hands(self) -> bool:
        """Whether the batch would change who gets the order, or why."""
        return (
            self.snapshot is not None
            and not self.is_new
            and self.attribution._replace(nonce=None, coupon="") != self.stored_attribution
        )

    def take_attribution(self, other: "OrderState") -> None:
        """Take the attribution of the same order that `other` found, with its clause and click details."""
        self.attribution, self.clause, self.click_details = other.attribution, other.clause, other.click_details

    def keep_attribution(self, clause: str) -> None:
        """Keep the stored attribution, by `clause`, because a close has settled a line of the order."""
        assert self.stored_attribution is not None
        self.attribution, self.clause, self.click_details, self.is_frozen = (
            self.stored_attribution._replace(coupon=self.attribution.coupon),
            clause,
            UNKNOWN,
            True,
        )
