"""`manage.py demo`: fill an empty database with the demo program of a fictional shop, with public logins."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from affiliates.models import Affiliate
from payouts.models import Close
from portal.demo import logins, scenario
from tracking.models import Order

UNFINISHED = "A demo was started here and never finished. Empty the database (in a checkout: make clean) and try again."


class Command(BaseCommand):
    help = "Fill an empty database with the demo program of a fictional shop and open it. For development only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing if there is a program already")
        parser.add_argument(
            "--logins", action="store_true", help="only print the sign-in address and the demo's logins"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["logins"]:
            self._print_logins()
        elif scenario.is_empty():
            self._fill()
        elif options["if_empty"]:
            self.stderr.write(
                UNFINISHED if scenario.is_unfinished() else "There is a program already: no demo was built."
            )
        else:
            raise CommandError("There is a program already: the demo needs an empty database.")

    def _print_logins(self) -> None:
        lines = logins.list_login_lines(settings.BASE_URL)
        if not lines:
            self.stderr.write("There is no demo program here.")
        for line in lines:
            self.stdout.write(line)

    def _fill(self) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo has a public password, so it is only built with DEBUG on.")
        self.stderr.write("Building the demo program; this takes less than a minute.")
        started = time.monotonic()
        scenario.build_demo(now=timezone.now())
        counts = (
            f"{Affiliate.objects.count()} affiliates, {Order.objects.count():,} orders, {Close.objects.count()} closes"
        )
        self.stderr.write(f"The demo program is ready: {counts}, in {time.monotonic() - started:.0f} s.")
