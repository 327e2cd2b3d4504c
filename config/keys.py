"""Rules for secret keys. In production a weak key stops the start with a message that names its variable."""

from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

DEVELOPMENT_KEY = "development-only-never-use-this-key-where-money-is-real"
# In the source code, so everyone knows them.
PUBLISHED_PREFIXES = (DEVELOPMENT_KEY, "django-insecure-")
SECRET_KEY_LENGTH, OTHER_KEY_LENGTH = 50, 32
DISTINCT_CHARACTERS = 10


def describe_weakness(key: str, minimum_length: int) -> str:
    """Return what is wrong with `key`, to follow the name of its variable; "" if it is strong enough."""
    if key.startswith(PUBLISHED_PREFIXES):
        return "is a published key that everyone knows"
    if len(key) < minimum_length:
        return f"must have at least {minimum_length} characters"
    if len(set(key)) < DISTINCT_CHARACTERS or key in (key + key)[1:-1]:
        return f"must be random: at least {DISTINCT_CHARACTERS} different characters, and no repeated part"
    return ""


def require_strong_keys(secret_key: str, others: dict[str, Sequence[str]]) -> None:
    """Raise ImproperlyConfigured naming each weak variable; `others` holds the keys of the other variables."""
    problems = [f"SECRET_KEY {describe_weakness(secret_key, SECRET_KEY_LENGTH)}"]
    for name, keys in others.items():
        problems += [f"{name} {describe_weakness(key, OTHER_KEY_LENGTH)}" for key in keys or ("",)]
    weak = [problem for problem in problems if not problem.endswith(" ")]
    if weak:
        advice = "Make each with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        raise ImproperlyConfigured("; ".join(dict.fromkeys(weak)) + f". {advice}")
