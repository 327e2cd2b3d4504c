"""Load order snapshots from a file with one JSON object per line, with the same format and outcomes as the API."""

import sys
from argparse import ArgumentParser
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from shops import intake
from shops.strict_json import remove_byte_order_mark
from tracking.orders.incoming import Outcome


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file, or - for standard input")
        parser.add_argument("--strict", action="store_true", help="exit with 1 if any row is rejected")

    def handle(self, *args: Any, file: str, strict: bool, **options: Any) -> None:
        if file == "-":
            outcomes = self.load(sys.stdin.buffer, "standard input", 0)
        else:
            path = Path(file)
            try:
                with path.open("rb") as lines:
                    outcomes = self.load(lines, path.name, path.stat().st_size)
            except OSError as error:
                raise CommandError(f"{file}: {error.strerror}") from None
        if outcomes.total() > intake.BATCH:
            self.analyze_tables()
        self.stdout.write(" ".join(f"{outcome.value}={outcomes[outcome]}" for outcome in Outcome))
        if strict and outcomes[Outcome.REJECTED] + outcomes[Outcome.CONFLICT]:
            raise CommandError("some rows were rejected; see the rejects inbox in the admin")

    def load(self, lines: BinaryIO, source: str, size: int) -> Counter[str]:
        """Load all lines in batches, each in its own transaction; report progress and rejects on standard error."""
        outcomes: Counter[str] = Counter()
        done, number = 0, 0
        while batch := list(islice(lines, intake.BATCH)):
            if number == 0:
                batch[0] = remove_byte_order_mark(batch[0])
            filled = [(number + i, line) for i, line in enumerate(batch, 1) if line.strip()]
            results = intake.ingest_lines(
                lines=[line for _number, line in filled], source=source[:200], now=timezone.now()
            )
            for (line_number, _line), result in zip(filled, results, strict=True):
                outcomes[result.outcome] += 1
                if result.outcome in (Outcome.REJECTED, Outcome.CONFLICT):
                    self.stderr.write(f"line {line_number}: {result.order_id or '?'}: {result.reason}")
            number += len(batch)
            done += sum(map(len, batch))
            self.progress(done, size, sum(outcomes.values()))
        if self.stderr.isatty():
            self.stderr.write("")
        return outcomes

    def analyze_tables(self) -> None:
        # After a large load PostgreSQL would plan as for empty tables until autovacuum updates the statistics.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE tracking_order, tracking_orderline, tracking_ordersnapshot, payouts_commission")

    def progress(self, done: int, size: int, rows: int) -> None:
        if not self.stderr.isatty():
            return
        share = min(done / size, 1.0) if size else 0.0
        bar = "#" * int(40 * share)
        self.stderr.write(f"\r[{bar:<40}] {share:4.0%} {rows:,} rows", ending="")
