"""Secret keys: from the environment or derived from SECRET_KEY. In production a weak one is an error of the configuration."""

import hashlib
from collections.abc import Sequence

from config.environment import env, report_error

DEVELOPMENT_KEY = "development-only-never-use-this-key-where-money-is-real"
# In the source code, so everyone knows them.
PUBLISHED_PREFIXES = (DEVELOPMENT_KEY, "django-insecure-")
SECRET_KEY_LENGTH, OTHER_KEY_LENGTH = 50, 32
DISTINCT_CHARACTERS = 10
MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
# The word for the derived keys in a list of keys.
DERIVED = "derived"
NAMES = ("CLICK_ID_KEYS", "PAYOUT_DETAILS_KEYS", "PERSONAL_HASH_KEY")


def derive_key(purpose: str, secret_key: str) -> str:
    """Return a key for one purpose, so that leaking it reveals no other key."""
    return hashlib.sha256(f"{purpose}:{secret_key}".encode()).hexdigest()


def read_keys(name: str, purpose: str, secret_keys: Sequence[str]) -> list[str]:
    """Return the keys of the variable `name`, newest first. The word "derived" means those of `secret_keys`."""
    words: list[str] = [word.strip() for word in env.list(name, default=[DERIVED])]
    derived = [derive_key(purpose, secret_key) for secret_key in secret_keys]
    found: list[str] = []
    for word in words:
        found += derived if word == DERIVED else [word]
    return found or [""]


def list_derived() -> list[str]:
    """Return the variables whose newest key is derived from SECRET_KEY."""
    return [name for name in NAMES if env.str(name, default=DERIVED).split(",")[0].strip() == DERIVED]


def describe_weakness(key: str, minimum_length: int) -> str:
    """Return what is wrong with `key`, to follow the name of its variable; "" if it is strong enough."""
    if key.startswith(PUBLISHED_PREFIXES):
        return "is a published key that everyone knows"
    if len(key) < minimum_length:
        return f"must have at least {minimum_length} characters"
    if len(set(key)) < DISTINCT_CHARACTERS or key in (key + key)[1:-1]:
        return f"must be random: at least {DISTINCT_CHARACTERS} different characters, and no repeated part"
    return ""


def list_weak_keys(**variables: Sequence[str]) -> list[tuple[str, str]]:
    """Return (variable, what is wrong) for each weak key."""
    found = []
    for name, keys in variables.items():
        length = SECRET_KEY_LENGTH if name == "SECRET_KEY" else OTHER_KEY_LENGTH
        found += [(name, weakness) for key in keys if (weakness := describe_weakness(key, length))]
    return found


def report_weak_keys(weak: Sequence[tuple[str, str]]) -> None:
    """Report each weak key as an error of the configuration."""
    for name, weakness in weak:
        report_error(f"{name} {weakness}. Make a key with: {MAKE_KEY}")
