"""A progress bar on the command line, for work that takes longer than a second."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

from django.core.management.base import OutputWrapper

Row = TypeVar("Row")
DELAY_SECONDS, INTERVAL_SECONDS = 1.0, 0.2  # seconds
WIDTH = 30


class ProgressBar:
    """Told how much of `total` is done, it draws a bar on `stream`; nothing in the first second, nor to a file or pipe.

    Used with `with`, so that the bar is gone when the work is.
    """

    def __init__(
        self, stream: OutputWrapper, label: str, total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stream, self.label, self.total, self.clock = stream, label, total, clock
        self.draw_at = clock() + DELAY_SECONDS
        self.is_enabled = stream.isatty()
        self.is_drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.is_drawn:
            self._write("\r\x1b[K")

    def __call__(self, done: int) -> None:
        """`done` of `total` is done."""
        if not self.is_enabled or self.clock() < self.draw_at:
            return
        self.draw_at, self.is_drawn = self.clock() + INTERVAL_SECONDS, True
        share = min(1.0, done / self.total) if self.total else 1.0
        full = round(share * WIDTH)
        bar = "#" * full + "." * (WIDTH - full)
        self._write(f"\r\x1b[K{self.label} [{bar}] {share:4.0%}")

    def _write(self, text: str) -> None:
        self.stream.write(text, style_func=str, ending="")
        self.stream.flush()

    def track(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, one after the other, each told as done."""
        for done, row in enumerate(rows, 1):
            yield row
            self(done)
