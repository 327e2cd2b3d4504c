"""Forked child processes that are killed with SIGKILL at a chosen statement or time."""

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
    raise AssertionError("a killed process must not continue")


def run_in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked process with its own connections; return the signal that ended it, 0 if none did."""
    return _wait_for_child(_fork(work))


class ChildResult(NamedTuple):
    """How far a child came: the statements it had started, whether its work returned, and its lifetime."""

    statements: int
    returned: bool
    seconds: float


def run_and_kill(work: Callable[[], object], seconds: float | None) -> ChildResult:
    """Run `work` in a forked process and kill it `seconds` after it has connected, never if None."""
    # Memory shared with the child, which survives its kill: its state and its number of statements.
    shared = mmap.mmap(-1, 2)

    def run_work() -> None:
        connection.ensure_connection()
        with connection.execute_wrapper(count_statement):
            shared[0] = READY
            work()
            shared[0] = RETURNED

    def count_statement(execute, *args):
        shared[1] = min(shared[1] + 1, 255)
        return execute(*args)

    child = _fork(run_work)
    while not shared[0] and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.0002)
    started = time.monotonic()
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _wait_for_child(child)
    return ChildResult(shared[1], shared[0] == RETURNED, time.monotonic() - started)


def _fork(work: Callable[[], object]) -> int:
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 -- the parent must see any failure
            import traceback

            traceback.print_exc()
            os._exit(1)
    return child


def _wait_for_child(child: int) -> int:
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the child failed instead of being killed"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def run_at_once(works: list[Callable[[], object]]) -> None:
    """Run each work in its own forked process, all started at the same time after they have connected.

    Raises AssertionError if one of them fails.
    """
    start_flag = mmap.mmap(-1, 1)

    def wait_for_start(work: Callable[[], object]) -> Callable[[], None]:
        def run_work() -> None:
            connection.ensure_connection()
            while not start_flag[0]:
                pass
            work()

        return run_work

    children = [_fork(wait_for_start(work)) for work in works]
    time.sleep(0.05)
    start_flag[0] = 1
    for child in children:
        _wait_for_child(child)
