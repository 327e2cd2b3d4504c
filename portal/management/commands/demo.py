"""`manage.py demo`: fill an empty database with the demo program of a fictional shop; its logins are known to everybody."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from affiliates.models import Affiliate
from payouts.models import Close
from portal.demo import logins, scenario
from tracking.models import Order

UNFINISHED = "A demo was begun here and never finished. Empty the database (of a checkout: make clean) and begin again."


class Command(BaseCommand):
    help = "Fill an empty database with the demo program of a fictional shop, and open it. For development alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there is a program already")
        parser.add_argument(
            "--logins", action="store_true", help="print the address and the demo's logins, and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["logins"]:
            self._print_logins()
        elif scenario.is_empty():
            self._fill()
        elif options["if_empty"]:
            self.stderr.write(
                UNFINISHED if scenario.is_unfinished() else "There is a program already, so no demo was made."
            )
        else:
            raise CommandError("There is a program already: the demo needs an empty database.")

    def _print_logins(self) -> None:
        found = logins.list_login_lines(settings.BASE_URL)
        if not found:
            self.stderr.write("There is no demo program here.")
        for line in found:
            self.stdout.write(line)

    def _fill(self) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo's password is known to everybody, so it is made with DEBUG on alone.")
        self.stderr.write("Making the demo program; this takes less than a minute.")
        begun = time.monotonic()
        scenario.build_demo(now=timezone.now())
        counted = (
            f"{Affiliate.objects.count()} affiliates, {Order.objects.count():,} orders, {Close.objects.count()} closes"
        )
        self.stderr.write(f"The demo program is there: {counted}, in {time.monotonic() - begun:.0f} s.")
