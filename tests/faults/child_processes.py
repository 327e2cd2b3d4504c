"""A child process that does a piece of work and is killed with -9, at a chosen point or moment: nothing gets to clean up."""

import mmap
import os
import signal
import time
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from django.db import connection, connections

READY, RETURNED = 1, 255


def kill_self() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process does not go on")


def run_in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked process with connections of its own; returns the signal that ended it, 0 if none did."""
    return _wait_for_child(_fork(work))


class ChildResult(NamedTuple):
    """How far a child came: how many statements it had begun, whether its work was done, how long it lived."""

    statements: int
    returned: bool
    seconds: float


def run_and_kill(work: Callable[[], object], seconds: float | None) -> ChildResult:
    """Run `work` in a forked process that is connected already, and kill it `seconds` later; None lets it live."""
    # Shared with the child, which can say nothing any more once it is killed.
    said = mmap.mmap(-1, 2)

    def told() -> None:
        connection.ensure_connection()
        with connection.execute_wrapper(counting):
            said[0] = READY
            work()
            said[0] = RETURNED

    def counting(execute, *given):
        said[1] = min(said[1] + 1, 255)
        return execute(*given)

    child = _fork(told)
    while not said[0] and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.0002)
    begun = time.monotonic()
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _wait_for_child(child)
    return ChildResult(said[1], said[0] == RETURNED, time.monotonic() - begun)


def _fork(work: Callable[[], object]) -> int:
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
    return child


def _wait_for_child(child: int) -> int:
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the child failed instead of being killed"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def run_at_once(works: list[Callable[[], object]]) -> None:
    """Run each in a forked process that is connected already, all from the same moment on; fails if one of them does."""
    gate = mmap.mmap(-1, 1)

    def behind_the_gate(work: Callable[[], object]) -> Callable[[], None]:
        def waiting() -> None:
            connection.ensure_connection()
            while not gate[0]:
                pass
            work()

        return waiting

    children = [_fork(behind_the_gate(work)) for work in works]
    time.sleep(0.05)
    gate[0] = 1
    for child in children:
        _wait_for_child(child)
