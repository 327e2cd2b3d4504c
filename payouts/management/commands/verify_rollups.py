"""Check that the daily totals equal the clicks and orders; exits with 1 and names the first difference."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts.commissions import rollup_check, rollups
from tracking.clicks import rollups as click_rollups
from tracking.models import Rollup


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--skip-fold", action="store_true", help="do not update the totals before comparing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["skip_fold"]:
            rollups.fold_rollups(wait=True)
        first = None
        for dimension in Rollup.Dimension:
            comparison = rollup_check.compare_rollups(dimension)
            self.stdout.write(f"{dimension.label}: {comparison.rollups} compared, {comparison.mismatches} differ")
            first = first or comparison.first
        unfolded, since = rollup_check.count_unfolded_days(), click_rollups.find_first_complete_day()
        if unfolded:
            self.stderr.write(f"{unfolded} changed days are not up to date yet and were not compared")
        self.stderr.write(f"clicks were compared from {since} on")
        if first:
            raise CommandError(str(first))
