"""`manage.py verify_acceptances`: prove every text, record and link of the chain of acceptances."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agreements import chain


class Command(BaseCommand):
    help = (
        "Prove every acceptance, its text and its link to the one before; exits 1 with the first that does not match."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--witness",
            metavar="HASH",
            nargs="+",
            action="extend",
            default=[],
            help="hashes from the e-mails that affiliates hold: each must be that of a record",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        witnesses: list[str] = options["witness"]
        for witness in witnesses:
            if not re.fullmatch(r"[0-9A-Fa-f]{64}", witness):
                raise CommandError(f"--witness must be 64 hexadecimal digits, not {witness!r}")
        proven, wrong = chain.verify_chain(witnesses=witnesses)
        if wrong:
            raise CommandError(wrong)
        self.stdout.write(f"{proven} acceptances verified" + (f", {len(witnesses)} witnesses" if witnesses else ""))
