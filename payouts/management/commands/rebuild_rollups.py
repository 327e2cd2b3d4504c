"""Work out all daily roll-ups anew from clicks and orders; days whose clicks were dropped keep the clicks they have."""

from typing import Any

from django.core.management.base import BaseCommand

from payouts.commissions import rollups


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rollups.rebuild_rollups()} days of affiliates were worked out anew")
