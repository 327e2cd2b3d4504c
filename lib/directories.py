"""Whether this process can keep files in a directory."""

import os
from pathlib import Path


def describe_problem(folder: Path) -> str:
    """Return why files cannot be written to `folder`, which need not exist yet, to follow its name; "" if they can."""
    try:
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    except OSError as error:
        return f"cannot be entered: {error.strerror}"
    if not nearest.is_dir():
        return f"cannot be used: {nearest} is no directory"
    if not os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        return f"cannot be written: this user may not write to {nearest}"
    return ""
