"""Collected static files. The web role collects them whenever they differ from those of the code."""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

# Written last, so that a collection that was interrupted is repeated.
STAMP = ".collected"


def are_collected(root: Path) -> bool:
    """Return whether `root` holds the manifest and the static files of this code."""
    stamp = root / STAMP
    return (root / "staticfiles.json").exists() and stamp.exists() and stamp.read_text("ascii") == compute_fingerprint()


def compute_fingerprint() -> str:
    """Return a digest that changes when a static file of the code is added, removed or written."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: str(found[0])):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_if_changed() -> bool:
    """Collect the static files unless STATIC_ROOT has them. Return whether they were collected.

    Earlier files stay: processes of the version before still name them.
    """
    root = Path(settings.STATIC_ROOT or "")
    if are_collected(root):
        return False
    root.mkdir(parents=True, exist_ok=True)
    # Web processes that start at the same time share the directory.
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if are_collected(root):
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
        (root / STAMP).write_text(compute_fingerprint(), "ascii")
    return True
