"""`manage.py seed_agreement --effective DATE`: publish the seed agreement in an empty program."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agreements import seed, seeding
from agreements.periods import get_start_of_day


class Command(BaseCommand):
    help = "Publish the seed agreement with an effective date, also one in the past; fails if any version exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--effective",
            metavar="DATE",
            required=True,
            help="the day (YYYY-MM-DD) on which it takes effect, at its first instant in the program's time zone",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            day = date.fromisoformat(options["effective"])
        except ValueError:
            raise CommandError(f"--effective must be a date such as 2026-01-31, not {options['effective']!r}") from None
        effective_at = get_start_of_day(day, ZoneInfo(str(seed.TERMS["time_zone"])))
        try:
            version = seeding.publish_seed_agreement(effective_at=effective_at, now=timezone.now(), by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        text = version.texts.get()
        self.stdout.write(f"version {version.name} takes effect {effective_at:%Y-%m-%d %H:%M %Z}, sha256 {text.sha256}")
