"""Writing spooled clicks to the database, against a raw COPY of as many rows into the same table.

python -m benchmarks.drain [--rounds 5] [--clicks 100000]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.own_database import own_database
from benchmarks.redirect import create_link

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def measure_rows(rounds: int = 5, clicks: int = 100_000) -> Iterator[dict[str, Any]]:
    """Yield one row; rounds of raw COPY and of the drain alternate."""
    with own_database("accord_bench_drain"), tempfile.TemporaryDirectory() as folder:
        create_link()
        ratios, rates = [], []
        for number in range(rounds):
            lines = _build_lines(clicks)
            copy_seconds = _measure_copy(lines)
            drain_seconds = _measure_drain(_build_lines(clicks), Path(folder, str(number)))
            ratios.append(copy_seconds / drain_seconds)
            rates.append(clicks / drain_seconds)
        yield {
            "work": f"draining {clicks:,} clicks from disk: rate ÷ raw COPY",
            "value": median(ratios),
            "spread": (min(ratios), max(ratios)),
            "at least": 0.4,
            "per second": median(rates),
        }


def _build_lines(clicks: int) -> list[bytes]:
    from tracking.clicks import click_ids, click_store
    from tracking.models import Link

    link, now = Link.objects.get(), datetime.now(UTC)
    times = [now - timedelta(milliseconds=clicks - number) for number in range(clicks)]
    fields = {
        "kind": "counted",
        "sub1": "news",
        "address": "203.0.113.0",
        "user_agent": USER_AGENT,
        "device": "desktop",
    }
    empty: dict[str, Any] = dict.fromkeys(click_store.ClickRow._fields, "")
    return [
        click_store.encode_row(
            click_store.ClickRow(
                **(empty | fields | {"id": click_ids.generate_nonce(at), "link_id": link.pk, "at": at})
            )
        )
        for at in times
    ]


def _measure_copy(lines: list[bytes]) -> float:
    from tracking.clicks import click_store
    from tracking.clicks.connection import connect

    text = b"".join(lines)
    with connect() as connection:
        connection.execute("SET statement_timeout = 0")
        started = time.perf_counter()
        with connection.cursor().copy(click_store.COPY) as stream:
            stream.write(text)
        return time.perf_counter() - started


def _measure_drain(lines: list[bytes], folder: Path) -> float:
    """Return the seconds that a writer takes to store all clicks of the file that a killed process left behind."""
    from tracking.clicks.connection import connect
    from tracking.clicks.spool import Spool
    from tracking.clicks.spool_file import SpoolFile
    from tracking.clicks.writer import Writer
    from tracking.models import Click

    count_before = Click.objects.count()
    file = SpoolFile.create(folder, "bench")
    file.append(b"".join(lines))
    file.close()
    writer = Writer(connect, Spool(folder, "bench", 2**30))
    started = time.perf_counter()
    writer.start()
    while file.path.exists():
        time.sleep(0.005)
    seconds = time.perf_counter() - started
    writer.stop()
    if Click.objects.count() - count_before != len(lines):
        raise SystemExit("the drain lost clicks")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clicks", type=int, default=100_000)
    given = parser.parse_args()
    for row in measure_rows(given.rounds, given.clicks):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
