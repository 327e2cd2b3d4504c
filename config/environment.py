"""Environment variables. Errors are collected, so that one message names every missing or malformed variable."""

import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

_errors: list[str] = []


def report_error(message: str) -> None:
    """Remember what is wrong with a variable. `message` begins with its name."""
    _errors.append(message)


def raise_errors() -> None:
    """Raise ImproperlyConfigured with every error that was reported."""
    errors = list(dict.fromkeys(_errors))
    if errors:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        lines = "".join(f"\n  {error}" for error in errors)
        raise ImproperlyConfigured(f"{count} in the configuration:{lines}\ndocs/configuration.md lists every variable.")


def read_required(name: str, when_debugging: str) -> str:
    """Return the variable `name`. If it is unset, return `when_debugging` with DEBUG; it is an error without."""
    value: str = env.str(name, default="")
    if value or DEBUG:
        return value or when_debugging
    report_error(f"{name} must be set when DEBUG is off")
    return ""


def read_integer(name: str, default: int, minimum: int = 0) -> int:
    """Return the variable `name` as an integer of at least `minimum`."""
    text: str = env.str(name, default=str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= minimum):
        report_error(f"{name} must be a whole number of at least {minimum}, not {text!r}")
        return default
    return int(text)


def read_word(name: str, default: str) -> str:
    """Return the variable `name` as a word that a URL can hold without encoding."""
    text: str = env.str(name, default=default)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
        report_error(f"{name} must be letters, digits, _ and -, not {text!r}")
    return text


def read_choice(name: str, default: str, choices: Collection[str]) -> str:
    """Return the variable `name`, which is one of `choices` in any case."""
    text: str = env.str(name, default=default)
    if text.upper() not in choices:
        report_error(f"{name} must be one of {', '.join(choices)}, not {text!r}")
        return default
    return text.upper()


def read_address(name: str, default: str) -> str:
    """Return the variable `name` as the address of a site, without a slash at its end."""
    text: str = env.str(name, default=default).rstrip("/")
    if text and not _is_address(text):
        report_error(f"{name} must be an address such as https://affiliates.example.com, not {text!r}")
    return text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_valid_port = parts.port != 0
    except ValueError:
        return False
    is_plain = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and has_valid_port and is_plain


def read_boolean(name: str, default: bool) -> bool:
    """Return the variable `name` as a boolean."""
    text: str = env.str(name, default="1" if default else "0").lower()
    if text not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
        report_error(f"{name} must be 1 or 0, not {text!r}")
        return default
    return text in ("1", "true", "yes", "on")


# Off by default if a variable of a deployment is set. A bare checkout is a trial with embedded servers.
DEBUG = read_boolean(
    "DEBUG", not any(env.str(name, default="") for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"))
)
