"""Close a month, or every month that is due."""

import re
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lib.progress import ProgressBar
from payouts.closing import close, close_summary


def parse_month(text: str) -> date:
    """Return the first day of the month written as YYYY-MM in `text`. Raises CommandError for anything else."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII) or text.startswith("0000"):
        raise CommandError(f"{text!r} is not a month; write it as YYYY-MM")
    return date.fromisoformat(f"{text}-01")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "month", nargs="?", help="YYYY-MM, a month that has ended; by default every month that is due"
        )

    def handle(self, *args: Any, month: str | None, **options: Any) -> None:
        now = timezone.now()
        days = [parse_month(month)] if month else [due.first_day for due in close.list_due_months(now)]
        if not days:
            self.stderr.write("No month is due.")
        for day in days:
            try:
                with ProgressBar(self.stderr, f"{day:%Y-%m}", close.STEPS) as progress:
                    closed = close.close_month(month=day, now=now, by=None, progress=progress)
            except close.CloseNotAllowed as error:
                raise CommandError(str(error)) from None
            self.stdout.write(close_summary.format_summary(closed))
