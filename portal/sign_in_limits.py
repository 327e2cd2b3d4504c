"""Limits on wrong passwords, by account and by client address (specification 9, docs/adr/0015).

The sixth wrong password for an account within five minutes waits, no matter who tries. So that no one can keep the
owner out with that:

- One address may try an account ten times an hour. Further tries from there are refused and count for no one else.
- A browser that has signed in to the account before carries a signed cookie and has counters of its own, so that
  strangers' tries don't count for it.
- A new password, set with the link in an e-mail, resets the counters of the account. A passkey needs none.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

from accounts.attempts import AttemptLimit, forget_attempts
from accounts.models import User
from lib.client_address import get_client_address

FIVE_MINUTES, HOUR = 5 * 60, 60 * 60
TRIES_BY_ACCOUNT = 5
# In an hour.
TRIES_BY_ADDRESS_AND_ACCOUNT = 10
# Of all accounts together. Known browsers are exempt, because many people may share an address.
TRIES_BY_ADDRESS = 50

COOKIE = "known_browser"
COOKIE_SECONDS = 400 * 24 * HOUR
COOKIE_ACCOUNTS = 5
SALT = "portal.known_browser"


def list_limits(request: HttpRequest, email: str) -> Sequence[AttemptLimit]:
    """Return the limits that count a try to sign in as `email` with a password."""
    account = email.strip().lower()
    if browser := _list_limits_of_browser(request, account):
        return browser
    address = AttemptLimit(f"sign-in:address:{get_client_address(request)}", TRIES_BY_ADDRESS, FIVE_MINUTES)
    return [address, *_list_limits_of_account(request, account)]


def forget_tries(request: HttpRequest, email: str) -> None:
    """Let the owner of the account sign in at once, with the new password."""
    account = email.strip().lower()
    forget_attempts([*_list_limits_of_browser(request, account), *_list_limits_of_account(request, account)])


def _list_limits_of_browser(request: HttpRequest, account: str) -> list[AttemptLimit]:
    browser = find_known_browser(request, account)
    key = f"sign-in:browser:{browser}:{account}"
    return [AttemptLimit(key, TRIES_BY_ACCOUNT, FIVE_MINUTES)] if browser else []


def _list_limits_of_account(request: HttpRequest, account: str) -> list[AttemptLimit]:
    here = f"sign-in:address-account:{get_client_address(request)}:{account}"
    return [
        AttemptLimit(here, TRIES_BY_ADDRESS_AND_ACCOUNT, HOUR),
        AttemptLimit(f"sign-in:account:{account}", TRIES_BY_ACCOUNT, FIVE_MINUTES),
    ]


def find_known_browser(request: HttpRequest, account: str) -> str:
    """Return the id under which the browser has signed in to `account` before; "" if it has not."""
    return _read_cookie(request).get(_hash_account(account), "")


def remember_browser(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Store in the browser that it has signed in as `user`."""
    key, known = _hash_account(user.email), _read_cookie(request)
    browsers = {account: browser for account, browser in known.items() if account != key}
    browsers[key] = known.get(key) or get_random_string(22)
    newest = dict(list(browsers.items())[-COOKIE_ACCOUNTS:])
    response.set_cookie(
        COOKIE,
        signing.dumps(newest, salt=SALT),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read_cookie(request: HttpRequest) -> dict[str, str]:
    try:
        values = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_SECONDS)
    except signing.BadSignature:
        return {}
    return values if isinstance(values, dict) else {}


def _hash_account(account: str) -> str:
    """Return a keyed hash, so that the cookie does not tell who has signed in."""
    return signing.Signer(salt=f"{SALT}.account").signature(account.strip().lower())[:22]
