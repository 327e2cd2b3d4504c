"""Recompute a closed month from order snapshots and histories, and compare it with what was posted."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lib.progress import ProgressBar
from payouts.closing.replay import replay
from payouts.management.commands.close_month import parse_month
from payouts.models import Close
from tracking.models import Order


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("month", nargs="?", help="YYYY-MM, a closed month")
        parser.add_argument("--all", action="store_true", help="every closed month")

    def handle(self, *args: Any, month: str | None, **options: Any) -> None:
        if bool(month) == bool(options["all"]):
            raise CommandError("give a month, as YYYY-MM, or --all")
        closes = Close.objects.order_by("period")
        if month:
            closes = closes.filter(period=parse_month(month))
            if not closes:
                raise CommandError(f"{month} is not closed")
        total, orders = 0, Order.objects.count()
        for close in closes:
            with ProgressBar(self.stderr, str(close), orders) as progress:
                differences = replay(close, progress=progress)
            total += len(differences)
            self.stdout.write(f"{close} differences={len(differences)}")
            for difference in differences:
                self.stderr.write(f"{close}: {difference}")
        if total:
            raise CommandError(f"{total} differences between the posted and the recomputed amounts")
