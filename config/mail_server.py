"""The mail server, from EMAIL_URL."""

from contextlib import suppress
from typing import Any

import environ

from config.environment import report_error


def read_url(url: str) -> dict[str, Any]:
    """Return Django's EMAIL settings for `url`. A malformed one is reported as an error of the configuration."""
    # Whatever the parser raises, the variable is at fault. Its message may hold a part of the password.
    with suppress(Exception):
        return dict(environ.Env.email_url_config(url))
    if url:
        report_error(
            "EMAIL_URL must have the form smtp+tls://user:password@host:587, with special characters of user and"
            " password percent-encoded"
        )
    return {}
