"""An order on its way in: from the row that the shop sent to the answer that it gets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracking.orders.snapshots import Snapshot


class Outcome(StrEnum):
    """What became of a snapshot (specification 4)."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@dataclass(slots=True)
class IncomingOrder:
    """One row of a batch: rejected unless reading fills `snapshot` and ingestion sets another `outcome`.

    `row` is parsed JSON, or a line's text where `is_text` says that it is no JSON. `address` is the order id of the
    address that the row was sent to, where the row names another. `commission` is the order's sum in the program's
    currency with two places, such as "1.84".
    """

    row: object
    is_text: bool = False
    address: str = ""
    order_id: str = ""
    named_id: str = ""  # the id of a refused row as it was sent, if that cannot be stored
    snapshot: Snapshot | None = None
    outcome: Outcome = Outcome.REJECTED
    field: str = ""
    cause: str = ""
    affiliate: str | None = None
    reason: str | None = None
    commission: str | None = None

    @property
    def is_rejected(self) -> bool:
        return self.outcome is Outcome.REJECTED

    @property
    def is_refused(self) -> bool:
        """Whether the row is kept in the rejects inbox."""
        return self.outcome in (Outcome.REJECTED, Outcome.CONFLICT)

    def refuse(self, field: str, cause: str, outcome: Outcome = Outcome.REJECTED) -> IncomingOrder:
        """Refuse the row for `cause`; `field` is the path of the field that is wrong, "" for the row as a whole."""
        self.outcome, self.field, self.cause = outcome, field, cause
        self.reason = f"{field}: {cause}" if field else cause
        return self

    def reset(self) -> None:
        """Forget what reading the row has found."""
        self.snapshot, self.outcome, self.field, self.cause, self.reason = None, Outcome.REJECTED, "", "", None

    def to_public_dict(self) -> dict[str, str | None]:
        """Return the row's result as the API answers it."""
        return {
            "order_id": self.named_id or self.order_id or None,
            "outcome": self.outcome,
            "affiliate": self.affiliate,
            "reason": self.reason,
            "commission": self.commission,
        }
