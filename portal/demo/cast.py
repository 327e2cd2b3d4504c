"""The parts that affiliates play in the demo, so that every state and every kind of trouble is there to be seen."""

from enum import StrEnum
from typing import NamedTuple

DOMAIN = "demo.example"
PICTURES = "pictures.example"


class Part(StrEnum):
    STEADY = "promotes and is paid"
    PAPER = "as steady, with an agreement accepted on paper"
    NEWCOMER = "has just accepted"
    UNCONFIRMED = "has applied, and not confirmed the e-mail address"
    APPLIED = "waits to be approved"
    REJECTED = "was rejected"
    APPROVED = "has to accept the agreement"
    REVIEWED = "is under review and may reply"
    APPEALING = "was judged and has appealed"
    CLEARED = "was under review, which was dismissed"
    SUSPENDED = "was suspended by staff"
    JUDGED = "was suspended by the decision of a review"
    NOTICED = "was given notice, which runs"
    ENDED = "was given notice, which has run off"
    LEAVING = "is leaving"
    LEFT = "has left"
    BREACH = "was terminated for breach"
    ASLEEP = "has missed the sales target"
    DROWSY = "may miss the sales target"
    INDEBTED = "owes, after a refund"
    UNPAYABLE = "never said where the money goes"
    MOVED = "has changed the payout details"
    HELD = "has a hold on payouts"
    OWN_CUSTOMER = "has bought by their own link"
    STRAY = "promotes on a site that was not declared"
    SHARING = "has another's bank account"


# How many days ago they stopped, or were stopped; everybody else goes on.
STOPPED: dict[Part, int] = {
    Part.SUSPENDED: 45,
    Part.JUDGED: 60,
    Part.ENDED: 65,
    Part.LEAVING: 12,
    Part.LEFT: 130,
    Part.BREACH: 80,
    Part.ASLEEP: 205,
    Part.DROWSY: 176,
}
NEVER_PROMOTED = (Part.UNCONFIRMED, Part.APPLIED, Part.REJECTED, Part.APPROVED)


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
    part: Part
    channels: str

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"

    @property
    def promotes(self) -> bool:
        return self.part not in NEVER_PROMOTED

    @property
    def coupon(self) -> str:
        """Their coupon; "" for the third of them who have none."""
        return f"{self.key.upper()[:10]}10" if self.promotes and len(self.name) % 3 else ""

    @property
    def sites(self) -> list[str]:
        """The hosts of the channels that their visitors come from; none for a letter and an app, which tell none."""
        hosts = {"website": f"{self.key}.example", "blog": f"{self.key}.example", "social": PICTURES}
        return [hosts[kind] for kind in self.channels.split() if kind in hosts]

    @property
    def last_day(self) -> int:
        """How many days ago the last orders on their account were placed: some customers come after the end."""
        stopped = STOPPED.get(self.part, 0)
        return max(0, stopped - 6) if self.part not in (Part.ASLEEP, Part.DROWSY) else stopped
