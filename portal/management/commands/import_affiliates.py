"""Import affiliates from another system. If a row is invalid, nothing is stored and all problems are listed."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agreements.periods import get_program_time_zone, get_start_of_day
from payouts.errors import BadRows
from portal.affiliate_import.affiliate_import import PaperAcceptance, import_affiliates, read_file
from portal.affiliate_import.import_file import COLUMNS, REQUIRED

MAX_PROBLEMS_SHOWN = 200


class Command(BaseCommand):
    help = (
        f"{__doc__} Columns: {', '.join(COLUMNS)}; those after {REQUIRED[-1]} are optional. Headings may be in any "
        "order and case; a cell may hold several websites. Other columns are ignored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a CSV file in UTF-8 with headings")
        parser.add_argument(
            "--accepted-offline",
            metavar="DATE",
            help="the affiliates accepted on paper, as of this date (YYYY-MM-DD)",
        )
        parser.add_argument("--evidence", metavar="TEXT", help="the evidence of the acceptance, for the record")

    def handle(self, *args: Any, file: str, accepted_offline: str | None, evidence: str | None, **options: Any) -> None:
        if (accepted_offline is None) != (evidence is None):
            raise CommandError("give both --accepted-offline and --evidence, or neither")
        paper = None
        if accepted_offline is not None and evidence is not None:
            paper = PaperAcceptance(get_start_of_day(_parse_date(accepted_offline), get_program_time_zone()), evidence)
        try:
            content = read_file(_read_bytes(file))
            summary = import_affiliates(file=content, paper=paper, now=timezone.now(), by=None)
        except BadRows as error:
            self.list_problems(error)
            raise CommandError(f"{file}: nothing was stored; {len(error.problems)} problems") from None
        except ValidationError as error:
            raise CommandError(_format_errors(error)) from None
        for note in content.notes:
            self.stderr.write(note)
        self.stdout.write(" ".join(f"{name}={count}" for name, count in summary._asdict().items()))

    def list_problems(self, error: BadRows) -> None:
        for problem in error.problems[:MAX_PROBLEMS_SHOWN]:
            self.stderr.write(str(problem))
        if len(error.problems) > MAX_PROBLEMS_SHOWN:
            self.stderr.write(f"... and {len(error.problems) - MAX_PROBLEMS_SHOWN} more")


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--accepted-offline: {text} is not a date such as 2026-01-31") from None


def _read_bytes(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None


def _format_errors(error: ValidationError) -> str:
    fields = getattr(error, "message_dict", {})
    options = [f"--{field.replace('_', '-')}: {' '.join(messages)}" for field, messages in fields.items()]
    return "; ".join(options) or " ".join(error.messages)
