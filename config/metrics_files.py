"""The directory in which the processes of one server share their counters, so that each of them can show all.

It must be chosen before prometheus_client is imported, which reads it from the environment.
"""

import logging
import multiprocessing
import os
import shutil
from contextlib import suppress

from config.observability import RUNTIME_DIR

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_with_siblings() -> None:
    """Share the counters of a web server's process with the others that the same server started."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        share(parent.pid)


def share(server_pid: int) -> None:
    """Share the counters of this process with the others of the server, and delete those of servers that ended.

    Without a writable directory each process shows its own.
    """
    folder = RUNTIME_DIR / "metrics"
    try:
        (folder / str(server_pid)).mkdir(parents=True, exist_ok=True)
        for other in folder.iterdir():
            if other.name.isdigit() and not _is_running(int(other.name)):
                shutil.rmtree(other, ignore_errors=True)
    except OSError as error:
        logging.getLogger(__name__).warning("Metrics of several processes cannot be shared: %s", error)
        return
    os.environ.setdefault(VARIABLE, str(folder / str(server_pid)))


def _is_running(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
