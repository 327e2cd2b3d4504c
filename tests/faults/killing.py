"""A child process that does a piece of work and is killed with -9 at a chosen point: nothing gets to clean up."""

import os
import signal
from collections.abc import Callable
from typing import NoReturn

from django.db import connections


def kill_myself() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process does not go on")


def in_a_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked process with connections of its own; returns the signal that ended it, 0 if none did."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 -- the parent must learn of whatever it was
            import traceback

            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the child failed instead of being killed"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
