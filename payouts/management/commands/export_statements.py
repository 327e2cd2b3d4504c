"""Write the statements of a closed month as CSV to standard output, one row per statement."""

import csv
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

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
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(close_summary.COLUMNS)
        with ProgressBar(self.stderr, month, close.statements.count()) as progress:
            writer.writerows(progress.track(close_summary.iter_statement_rows(close)))
