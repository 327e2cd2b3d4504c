"""`manage.py verify_acceptances`: verify every text, record and link of the chain of acceptances."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agreements import chain


class Command(BaseCommand):
    help = "Verify every acceptance, its text and its link to the previous one; exits 1 with the first mismatch."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--witness",
            metavar="HASH",
            nargs="+",
            action="extend",
            default=[],
            help="hashes from affiliates' e-mails; each must belong to a record",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        witnesses: list[str] = options["witness"]
        for witness in witnesses:
            if not re.fullmatch(r"[0-9A-Fa-f]{64}", witness):
                raise CommandError(f"--witness must be 64 hexadecimal digits, not {witness!r}")
        verified, error = chain.verify_chain(witnesses=witnesses)
        if error:
            raise CommandError(error)
        self.stdout.write(f"{verified} acceptances verified" + (f", {len(witnesses)} witnesses" if witnesses else ""))
