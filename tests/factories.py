"""Users, staff and affiliates for tests, created by the functions of the product."""

from datetime import UTC, datetime
from itertools import count

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts.models import User
from affiliates import applications, status_history
from affiliates.models import Affiliate, State
from agreements.applicable_version import cite_applicable_clause
from agreements.rules import Rule

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

# High, so that the numbers in names never equal a figure that a test looks for on a page.
_numbers = count(100_001)

# The states that an affiliate passes through to reach each state.
STATE_PATHS: dict[State, list[State]] = {
    State.APPLIED: [],
    State.REJECTED: [State.REJECTED],
    State.APPROVED: [State.APPROVED],
    State.ACTIVE: [State.APPROVED, State.ACTIVE],
    State.SUSPENDED: [State.APPROVED, State.ACTIVE, State.SUSPENDED],
    State.LEAVING: [State.APPROVED, State.ACTIVE, State.LEAVING],
    State.TERMINATED: [State.APPROVED, State.ACTIVE, State.TERMINATED],
}


def make_user(*, email: str = "", name: str = "", verified: bool = True, password: str | None = None) -> User:
    """Create a user; without `password` they have no usable one, because hashing takes time."""
    number = next(_numbers)
    email = email or f"person{number}@example.com"
    user = User.objects.create_user(email, password, name=name or f"Person {number}")
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def make_staff(*groups: str, superuser: bool = False) -> User:
    """Create a member of staff in `groups`, such as `make_staff("payout preparers")`."""
    user = make_user(email=f"staff{next(_numbers)}@example.com")
    user.is_staff, user.is_superuser = True, superuser
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.set(Group.objects.filter(name__in=groups))
    assert user.groups.count() == len(groups), f"unknown group among {groups}"
    return user


def make_affiliate(
    *,
    state: State = State.ACTIVE,
    at: datetime = NOW,
    user: User | None = None,
    name: str = "",
    country: str = "GB",
    channels: tuple[tuple[str, str], ...] = (),
) -> Affiliate:
    """Create an affiliate who entered `state` at `at` by the regular transitions, with one channel by default.

    An active affiliate has the state only; no acceptance of an agreement is recorded.
    """
    user = user or make_user()
    affiliate = applications.apply(
        user=user,
        name=name or user.name,
        country=country,
        channels=channels or (("website", f"https://site{next(_numbers)}.example.com/"),),
        now=at,
    )
    for step in STATE_PATHS[state]:
        move_to_state(affiliate, step, at)
    return affiliate


def move_to_state(affiliate: Affiliate, step: State, at: datetime) -> None:
    if step is State.APPROVED:
        applications.approve(
            affiliate=affiliate, clause=cite_applicable_clause(affiliate, Rule.ACCEPTANCE, at), now=at, by=None
        )
    elif step is State.REJECTED:
        applications.reject(
            affiliate=affiliate,
            reason="Not this time.",
            clause=cite_applicable_clause(affiliate, Rule.ELIGIBILITY, at),
            now=at,
            by=None,
        )
    else:
        status_history.change_status(affiliate=affiliate, to=step, now=at, by=None, reason="a test")
