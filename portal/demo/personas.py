"""The parts that affiliates play in the demo, so that every state and every kind of trouble is there to be seen."""

from enum import StrEnum
from typing import NamedTuple

DOMAIN = "demo.example"
PICTURES_HOST = "pictures.example"


class Situation(StrEnum):
    STEADY = "promotes and is paid"
    ACCEPTED_ON_PAPER = "as steady, with an agreement accepted on paper"
    NEWCOMER = "has just accepted"
    UNCONFIRMED = "has applied, and not confirmed the e-mail address"
    APPLIED = "waits to be approved"
    REJECTED = "was rejected"
    APPROVED = "has to accept the agreement"
    UNDER_REVIEW = "is under review and may reply"
    APPEALING = "was judged and has appealed"
    REVIEW_DISMISSED = "was under review, which was dismissed"
    SUSPENDED = "was suspended by staff"
    SUSPENDED_BY_REVIEW = "was suspended by the decision of a review"
    UNDER_NOTICE = "was given notice, which runs"
    NOTICE_ENDED = "was given notice, which has run off"
    LEAVING = "is leaving"
    LEFT = "has left"
    TERMINATED_FOR_BREACH = "was terminated for breach"
    TARGET_MISSED = "has missed the sales target"
    TARGET_AT_RISK = "may miss the sales target"
    NEGATIVE_BALANCE = "owes, after a refund"
    WITHOUT_PAYOUT_DETAILS = "never said where the money goes"
    PAYOUT_DETAILS_CHANGED = "has changed the payout details"
    PAYOUTS_HELD = "has a hold on payouts"
    SELF_PURCHASE = "has bought by their own link"
    UNDECLARED_SITE = "promotes on a site that was not declared"
    SHARED_PAYOUT_DETAILS = "has another's bank account"


# How many days ago they stopped, or were stopped; everybody else goes on.
STOPPED_DAYS_AGO: dict[Situation, int] = {
    Situation.SUSPENDED: 45,
    Situation.SUSPENDED_BY_REVIEW: 60,
    Situation.NOTICE_ENDED: 65,
    Situation.LEAVING: 12,
    Situation.LEFT: 130,
    Situation.TERMINATED_FOR_BREACH: 80,
    Situation.TARGET_MISSED: 205,
    Situation.TARGET_AT_RISK: 176,
}
NEVER_PROMOTED = (Situation.UNCONFIRMED, Situation.APPLIED, Situation.REJECTED, Situation.APPROVED)


class Persona(NamedTuple):
    """An affiliate of the demo. `joined` is how many days ago they applied, `share` how many orders they bring on an
    ordinary day, `channels` the kinds of their channels; one behind a question mark waits, behind an exclamation mark was
    rejected."""

    key: str
    name: str
    country: str
    zone: str
    joined: int
    share: float
    situation: Situation
    channels: str

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"

    @property
    def has_promoted(self) -> bool:
        return self.situation not in NEVER_PROMOTED

    @property
    def coupon(self) -> str:
        """Their coupon; "" for the third of them who have none."""
        return f"{self.key.upper()[:10]}10" if self.has_promoted and len(self.name) % 3 else ""

    @property
    def sites(self) -> list[str]:
        """The hosts of the channels that their visitors come from; none for a letter and an app, which tell none."""
        hosts = {"website": f"{self.key}.example", "blog": f"{self.key}.example", "social": PICTURES_HOST}
        return [hosts[kind] for kind in self.channels.split() if kind in hosts]

    @property
    def last_order_days_ago(self) -> int:
        """How many days ago the last orders on their account were placed: some customers come after the end."""
        stopped = STOPPED_DAYS_AGO.get(self.situation, 0)
        return (
            max(0, stopped - 6)
            if self.situation not in (Situation.TARGET_MISSED, Situation.TARGET_AT_RISK)
            else stopped
        )
