"""The logins of the demo: fixed, printed, and known to everybody who has read this."""

from typing import NamedTuple

from accounts.groups import AFFILIATE_MANAGERS, COMPLIANCE_REVIEWERS, PAYOUT_APPROVERS, PAYOUT_PREPARERS
from accounts.models import User
from portal.demo.personas import DOMAIN

# It opens a fictional program on somebody's own machine, and is printed wherever that is made.
PASSWORD = "juniper-and-pine"  # noqa: S105  # nosec B105


class Login(NamedTuple):
    """Who can sign in, and what there is to be seen with it. `group` is for staff; "" for the owner and affiliates."""

    key: str
    name: str
    description: str
    group: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


OWNER = Login("owner", "Juno Pine", "the owner: all of it")
STAFF: tuple[Login, ...] = (
    Login("manager", "Maya Castellanos", "affiliate manager: applications, channels, links", AFFILIATE_MANAGERS),
    Login("reviewer", "Rafael Moreau", "compliance reviewer: reviews, targets", COMPLIANCE_REVIEWERS),
    Login("preparer", "Petra Nowak", "payout preparer: payouts to submit", PAYOUT_PREPARERS),
    Login("approver", "Arthur Okafor", "payout approver: payouts to approve", PAYOUT_APPROVERS),
)
AFFILIATES: tuple[Login, ...] = (
    Login("anna", "Anna Lindqvist", "an affiliate with a year of history"),
    Login("clara", "Clara Whitfield", "an affiliate who was just approved and has to accept the agreement"),
    Login("ben", "Ben Achterberg", "an affiliate under review, who may reply"),
)
ALL_LOGINS = (*AFFILIATES, *STAFF, OWNER)


def list_login_lines(address: str) -> list[str]:
    """What is printed: the address and whoever of the demo can sign in there; nothing where there is no demo."""
    there = set(User.objects.filter(email__in=[login.email for login in ALL_LOGINS]).values_list("email", flat=True))
    known = [login for login in ALL_LOGINS if login.email in there]
    if not known:
        return []
    width = max(len(login.email) for login in known)
    people = [f"  {login.email:<{width}}  {login.description}" for login in known]
    return [f"{address}/accounts/login/ with the password {PASSWORD}", *people]
