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
        parser.add_argument("--as-they-are", action="store_true", help="don't fold what waits before comparing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["as_they_are"]:
            rollups.fold(wait=True)
        differing, first = 0, None
        for dimension in Rollup.Dimension:
            found = rollup_check.compare(dimension)
            self.stdout.write(f"{dimension.label}: {found.rollups} compared, {found.differing} differ")
            differing, first = differing + found.differing, first or found.first
        waiting, since = rollup_check.waiting(), click_rollups.whole_since()
        if waiting:
            self.stderr.write(f"{waiting} days of affiliates wait for the next fold and were not compared")
        self.stderr.write(f"clicks were compared from {since} on")
        if first:
            raise CommandError(str(first))
