"""Rules for secret keys. In production a weak key is an error of the configuration."""

from collections.abc import Sequence

from config.environment import report_error

DEVELOPMENT_KEY = "development-only-never-use-this-key-where-money-is-real"
# In the source code, so everyone knows them.
PUBLISHED_PREFIXES = (DEVELOPMENT_KEY, "django-insecure-")
SECRET_KEY_LENGTH, OTHER_KEY_LENGTH = 50, 32
DISTINCT_CHARACTERS = 10
MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def describe_weakness(key: str, minimum_length: int) -> str:
    """Return what is wrong with `key`, to follow the name of its variable; "" if it is strong enough."""
    if key.startswith(PUBLISHED_PREFIXES):
        return "is a published key that everyone knows"
    if len(key) < minimum_length:
        return f"must have at least {minimum_length} characters"
    if len(set(key)) < DISTINCT_CHARACTERS or key in (key + key)[1:-1]:
        return f"must be random: at least {DISTINCT_CHARACTERS} different characters, and no repeated part"
    return ""


def report_weak_keys(secret_key: str, others: dict[str, Sequence[str]]) -> None:
    """Report each variable with a weak key; `others` holds the keys of the other variables. SECRET_KEY may be unset."""
    if secret_key:
        report_weak_key("SECRET_KEY", secret_key, SECRET_KEY_LENGTH)
    for name, keys in others.items():
        for key in keys or ("",):
            report_weak_key(name, key, OTHER_KEY_LENGTH)


def report_weak_key(name: str, key: str, minimum_length: int) -> None:
    """Report the variable `name` if its key is weak."""
    if weakness := describe_weakness(key, minimum_length):
        report_error(f"{name} {weakness}. Make a key with: {MAKE_KEY}")
