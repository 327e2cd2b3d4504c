"""Directories and files that the processes need."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import CheckMessage, Error

from lib.directories import describe_problem


def check_static_files(**_kwargs: Any) -> list[CheckMessage]:
    """Without the manifest every page is an error, the page for errors included."""
    name = getattr(staticfiles_storage, "manifest_name", "")
    if not name:
        return []
    manifest = Path(settings.STATIC_ROOT or "", name)
    if os.path.exists(manifest):  # noqa: PTH110 -- False where this user may not look
        return []
    return [
        Error(
            f"Static files are not collected: {manifest} is missing, so that every page is an empty 500.",
            hint="Run manage.py collectstatic as the user of the web process, or start it with config.serve web.",
            id="accord.E001",
        )
    ]


def check_directories(**_kwargs: Any) -> list[CheckMessage]:
    """Files and clicks must find their directory, and beat its file."""
    effects = {
        "MEDIA_ROOT": (settings.MEDIA_ROOT, "Files cannot be stored.", "accord.E002"),
        "CLICK_SPOOL_DIR": (
            settings.CLICK_SPOOL_DIR,
            "Clicks are lost when PostgreSQL is away and the process ends.",
            "accord.E003",
        ),
    }
    found: list[CheckMessage] = []
    for name, (folder, effect, identifier) in effects.items():
        if problem := describe_problem(Path(folder)):
            hint = f"Run this check as the user of the web process, and give that user {folder} and its parents."
            found.append(Error(f"{name}, {folder}, {problem}. {effect}", hint=hint, id=identifier))
    return found


def check_beat_file(**_kwargs: Any) -> list[CheckMessage]:
    """Beat ends at its start if it cannot write its file."""
    file = Path(settings.BEAT_SCHEDULE_FILE)
    problem = describe_problem(file.parent)
    if not problem and file.exists() and file.is_dir():
        problem = "cannot be written: it is a directory"
    if not problem:
        return []
    hint = "Set BEAT_SCHEDULE_FILE, or STATE_DIR, to a place that the user of beat may write to."
    return [Error(f"BEAT_SCHEDULE_FILE, {file}, {problem}. Beat cannot start.", hint=hint, id="accord.E004")]


CHECKS = (check_static_files, check_directories, check_beat_file)
