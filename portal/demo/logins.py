"""The fixed and public logins of the demo."""

from typing import NamedTuple

from accounts.groups import AFFILIATE_MANAGERS, COMPLIANCE_REVIEWERS, PAYOUT_APPROVERS, PAYOUT_PREPARERS
from accounts.models import User
from portal.demo.personas import DOMAIN

# Not a secret: it protects a fictional program on a local machine and is printed when that is built.
PASSWORD = "juniper-and-pine"  # noqa: S105  # nosec B105


class Login(NamedTuple):
    """A demo account and what it shows. `group` is the staff group, "" for the owner and affiliates."""

    key: str
    name: str
    description: str
    group: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


OWNER = Login("owner", "Juno Pine", "the owner: everything")
STAFF: tuple[Login, ...] = (
    Login("manager", "Maya Castellanos", "affiliate manager: applications, channels, links", AFFILIATE_MANAGERS),
    Login("reviewer", "Rafael Moreau", "compliance reviewer: reviews, targets", COMPLIANCE_REVIEWERS),
    Login("preparer", "Petra Nowak", "payout preparer: payouts to submit", PAYOUT_PREPARERS),
    Login("approver", "Arthur Okafor", "payout approver: payouts to approve", PAYOUT_APPROVERS),
)
AFFILIATES: tuple[Login, ...] = (
    Login("anna", "Anna Lindqvist", "an affiliate with a year of history"),
    Login("clara", "Clara Whitfield", "a newly approved affiliate who has to accept the agreement"),
    Login("ben", "Ben Achterberg", "an affiliate under review who can reply"),
)
ALL_LOGINS = (*AFFILIATES, *STAFF, OWNER)


def list_login_lines(address: str) -> list[str]:
    """Return the lines to print: the sign-in address and one line per login; empty without a demo program."""
    stored = set(User.objects.filter(email__in=[login.email for login in ALL_LOGINS]).values_list("email", flat=True))
    available = [login for login in ALL_LOGINS if login.email in stored]
    if not available:
        return []
    width = max(len(login.email) for login in available)
    lines = [f"  {login.email:<{width}}  {login.description}" for login in available]
    return [f"Sign in at {address}/accounts/login/ with the password {PASSWORD}", *lines]
