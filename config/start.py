"""The start of a process: load the settings, or end with a message for people."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def load_settings() -> None:
    """Load the settings. Errors of the configuration end the process with status 2 and a message that lists them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        _ = settings.DEBUG
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Accord does not start: {error}\n")
        sys.exit(2)
