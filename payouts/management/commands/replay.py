"""Recompute a closed month from the receipts up to its cut and from the histories, and compare it with what was posted."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lib.progress import ProgressBar
from payouts.closing.replay import replay
from payouts.management.commands.close_month import parse_month as first_day
from payouts.models import Close
from tracking.models import Order


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", nargs="?", help="YYYY-MM, a month that is closed")
        parser.add_argument("--all", action="store_true", help="every month that is closed")

    def handle(self, *args: Any, month: str | None, **options: Any) -> None:
        if bool(month) == bool(options["all"]):
            raise CommandError("name a month, as YYYY-MM, or --all")
        closes = Close.objects.order_by("period")
        if month:
            closes = closes.filter(period=first_day(month))
            if not closes:
                raise CommandError(f"{month} is not closed")
        wrong, orders = 0, Order.objects.count()
        for close in closes:
            with ProgressBar(self.stderr, str(close), orders) as progress:
                differences = replay(close, progress=progress)
            wrong += len(differences)
            self.stdout.write(f"{close} differences={len(differences)}")
            for difference in differences:
                self.stderr.write(f"{close}: {difference}")
        if wrong:
            raise CommandError(f"{wrong} differences: what was posted does not follow from what was recorded")
