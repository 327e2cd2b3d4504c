"""Environment variables. A missing or malformed variable stops the start with a message that names it."""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def read_required(name: str, when_debugging: str) -> str:
    """Return the variable `name`. If it is unset, return `when_debugging` with DEBUG and raise an error without."""
    value: str = env.str(name, default="")
    if not value and not DEBUG:
        raise ImproperlyConfigured(f"{name} must be set when DEBUG is off")
    return value or when_debugging


def read_integer(name: str, default: int, minimum: int = 0) -> int:
    """Return the variable `name` as an integer of at least `minimum`."""
    text: str = env.str(name, default=str(default))
    if not (text.isascii() and text.isdigit() and int(text) >= minimum):
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}, not {text!r}")
    return int(text)


def read_word(name: str, default: str) -> str:
    """Return the variable `name` as a word that a URL can hold without encoding."""
    text: str = env.str(name, default=default)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
        raise ImproperlyConfigured(f"{name} must be letters, digits, _ and -, not {text!r}")
    return text


def read_boolean(name: str, default: bool) -> bool:
    """Return the variable `name` as a boolean."""
    text: str = env.str(name, default="1" if default else "0").lower()
    if text not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}")
    return text in ("1", "true", "yes", "on")


# Off by default if a variable of a deployment is set. A bare checkout is a trial with embedded servers.
DEBUG = read_boolean(
    "DEBUG", not any(env.str(name, default="") for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"))
)
