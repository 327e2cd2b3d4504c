"""Rebuild all daily totals from clicks and orders; days whose click records were deleted keep their counts."""

from typing import Any

from django.core.management.base import BaseCommand

from payouts.commissions import rollups


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rollups.rebuild_rollups()} daily totals were rebuilt")
