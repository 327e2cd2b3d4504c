"""The persona type and the situations of the demo, which cover every state and kind of problem."""

from enum import StrEnum
from typing import NamedTuple

DOMAIN = "demo.example"
PICTURES_HOST = "pictures.example"


class Situation(StrEnum):
    STEADY = "promotes and is paid"
    ACCEPTED_ON_PAPER = "promotes and is paid, accepted the agreement on paper"
    NEWCOMER = "has just accepted"
    UNCONFIRMED = "has applied but not confirmed the e-mail address"
    APPLIED = "waits to be approved"
    REJECTED = "was rejected"
    APPROVED = "has to accept the agreement"
    UNDER_REVIEW = "is under review and can reply"
    APPEALING = "has appealed against a decision"
    REVIEW_DISMISSED = "was under review, which was dismissed"
    SUSPENDED = "was suspended by staff"
    SUSPENDED_BY_REVIEW = "was suspended by the decision of a review"
    UNDER_NOTICE = "is under notice"
    NOTICE_ENDED = "was given notice, which has expired"
    LEAVING = "is leaving"
    LEFT = "has left"
    TERMINATED_FOR_BREACH = "was terminated for breach"
    TARGET_MISSED = "has missed the sales target"
    TARGET_AT_RISK = "may miss the sales target"
    NEGATIVE_BALANCE = "has a negative balance after a refund"
    WITHOUT_PAYOUT_DETAILS = "never entered payout details"
    PAYOUT_DETAILS_CHANGED = "has changed the payout details"
    PAYOUTS_HELD = "has a hold on payouts"
    SELF_PURCHASE = "has bought through their own link"
    UNDECLARED_SITE = "promotes on an undeclared site"
    SHARED_PAYOUT_DETAILS = "has the same bank account as another affiliate"


# Days since they stopped promoting; personas in other situations are still active.
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
    """An affiliate of the demo.

    `joined` is how many days ago they applied, `share` how many orders they bring on an average day. `channels` lists
    the kinds of their channels: "?" marks one that is added later and not decided, "!" a rejected one.
    """

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
        """Return the coupon code; "" for about a third of the personas, which have none."""
        return f"{self.key.upper()[:10]}10" if self.has_promoted and len(self.name) % 3 else ""

    @property
    def sites(self) -> list[str]:
        """Return the referrer hosts of their clicks; newsletters and apps send none."""
        hosts = {"website": f"{self.key}.example", "blog": f"{self.key}.example", "social": PICTURES_HOST}
        return [hosts[kind] for kind in self.channels.split() if kind in hosts]

    @property
    def last_order_days_ago(self) -> int:
        """Return how many days ago their last order was placed; some customers order after a persona has stopped."""
        stopped = STOPPED_DAYS_AGO.get(self.situation, 0)
        return (
            max(0, stopped - 6)
            if self.situation not in (Situation.TARGET_MISSED, Situation.TARGET_AT_RISK)
            else stopped
        )
