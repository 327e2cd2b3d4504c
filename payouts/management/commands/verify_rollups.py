"""Prove that daily roll-ups equal the rows; exits with 1 and the first figure that differs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts.commissions import rollup_check, rollups
from tracking.clicks import rollups as click_rollups
from tracking.models import Rollup


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--skip-fold", action="store_true", help="don't fold what waits before comparing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["skip_fold"]:
            rollups.fold_rollups(wait=True)
        differing, first = 0, None
        for dimension in Rollup.Dimension:
            found = rollup_check.compare_rollups(dimension)
            self.stdout.write(f"{dimension.label}: {found.rollups} compared, {found.mismatches} differ")
            differing, first = differing + found.mismatches, first or found.first
        waiting, since = rollup_check.count_unfolded_days(), click_rollups.find_first_complete_day()
        if waiting:
            self.stderr.write(f"{waiting} days of affiliates wait for the next fold and were not compared")
        self.stderr.write(f"clicks were compared from {since} on")
        if first:
            raise CommandError(str(first))
