"""Write the statements of a closed month as CSV to standard output, one row per statement."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lib.csv import iter_csv_lines
from lib.progress import ProgressBar
from payouts.closing import close_summary
from payouts.management.commands.close_month import parse_month
from payouts.models import Close


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", help="YYYY-MM, a closed month")

    def handle(self, *args: Any, month: str, **options: Any) -> None:
        close = Close.objects.filter(period=parse_month(month)).first()
        if close is None:
            raise CommandError(f"{month} is not closed")
        with ProgressBar(self.stderr, month, close.statements.count()) as progress:
            rows = progress.track(close_summary.iter_csv_rows(close))
            # Without a byte order mark: scripts read it.
            for line in iter_csv_lines(close_summary.COLUMNS, rows, line_end="\n"):
                self.stdout.write(line, ending="")
