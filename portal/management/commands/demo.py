"""`manage.py demo`: fill an empty database with a demo program of a fictional shop. Its logins are public."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from affiliates.models import Affiliate
from payouts.models import Close
from portal.demo import logins, scenario
from tracking.models import Order

UNFINISHED = "An earlier demo run never finished. Empty the database (in a checkout: make clean) and start again."


class Command(BaseCommand):
    help = "Fill an empty database with the demo program of a fictional shop and open it. For development only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing if the database already has a program")
        parser.add_argument("--logins", action="store_true", help="only print the address and the logins of the demo")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["logins"]:
            self._print_logins()
        elif scenario.is_empty():
            self._fill()
        elif options["if_empty"]:
            self.stderr.write(
                UNFINISHED if scenario.is_unfinished() else "The database already has a program; no demo was created."
            )
        else:
            raise CommandError("The database already has a program; the demo needs an empty database.")

    def _print_logins(self) -> None:
        lines = logins.list_login_lines(settings.BASE_URL)
        if not lines:
            self.stderr.write("The database has no demo program.")
        for line in lines:
            self.stdout.write(line)

    def _fill(self) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo can only be created with DEBUG on, because its password is public.")
        self.stderr.write("Creating the demo program; this takes less than a minute.")
        started = time.monotonic()
        scenario.build_demo(now=timezone.now())
        counts = (
            f"{Affiliate.objects.count()} affiliates, {Order.objects.count():,} orders, {Close.objects.count()} closes"
        )
        self.stderr.write(f"Demo program created: {counts}, in {time.monotonic() - started:.0f} s.")
