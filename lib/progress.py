"""A progress bar for commands that take longer than a second."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

from django.core.management.base import OutputWrapper

Row = TypeVar("Row")
DELAY_SECONDS, INTERVAL_SECONDS = 1.0, 0.2
WIDTH = 30


class ProgressBar:
    """Draws on `stream` how much of `total` is done. Call it with the number done so far.

    Nothing is drawn in the first second, or if the stream is a file or pipe. Use it in a `with` block: the bar
    disappears at the end of the block.
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
        """Update the bar to `done` of `total`."""
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
        """Yield the rows and count each of them as done."""
        for done, row in enumerate(rows, 1):
            yield row
            self(done)
