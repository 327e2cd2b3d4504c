"""The progress bar of commands (lib.progress)."""

import io

import pytest
from django.core.management.base import OutputWrapper

from lib.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that only moves when it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_bar_appears_after_a_second_and_is_removed_at_the_end(clock):
    terminal = Terminal()
    with ProgressBar(OutputWrapper(terminal), "2026-01", 200, clock) as update:
        clock.now += 0.9
        update(20)
        assert terminal.getvalue() == ""
        clock.now += 0.2
        update(50)
        assert terminal.getvalue() == "\r\x1b[K2026-01 [########......................]  25%"
        update(60)
        clock.now += 0.3
        update(400)
    assert terminal.getvalue().split("\r\x1b[K")[2:] == [f"2026-01 [{'#' * 30}] 100%", ""]


def test_bar_is_not_written_to_file_or_pipe(clock):
    pipe = io.StringIO()
    with ProgressBar(OutputWrapper(pipe), "2026-01", 2, clock) as bar:
        clock.now += 5
        assert list(bar.track(["a", "b"])) == ["a", "b"]
    assert pipe.getvalue() == ""
