"""Import affiliates from another system: either the whole file or, if any row is invalid, nothing."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agreements.periods import get_program_time_zone, get_start_of_day
from payouts.errors import BadRows
from portal.affiliate_import.affiliate_import import PaperAcceptance, import_affiliates
from portal.affiliate_import.import_file import COLUMNS, REQUIRED

MAX_PROBLEMS_SHOWN = 200


class Command(BaseCommand):
    help = f"{__doc__} Columns: {', '.join(COLUMNS)}; those after {REQUIRED[-1]} are optional."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV file in UTF-8 with a header")
        parser.add_argument(
            "--accepted-offline",
            metavar="DATE",
            help="all of them accepted on paper on this day (YYYY-MM-DD)",
        )
        parser.add_argument(
            "--evidence", metavar="TEXT", help="the proof that you keep of it, for the acceptance record"
        )

    def handle(self, *args: Any, file: str, accepted_offline: str | None, evidence: str | None, **options: Any) -> None:
        if (accepted_offline is None) != (evidence is None):
            raise CommandError("--accepted-offline and --evidence go together: give both or neither")
        paper = None
        if accepted_offline is not None and evidence is not None:
            paper = PaperAcceptance(get_start_of_day(_parse_date(accepted_offline), get_program_time_zone()), evidence)
        try:
            counts = import_affiliates(content=_read_file(file), paper=paper, now=timezone.now(), by=None)
        except BadRows as error:
            self._list_problems(error)
            raise CommandError(f"{file}: nothing was stored; {len(error.problems)} problems") from None
        except ValidationError as error:
            raise CommandError(_format_errors(error)) from None
        self.stdout.write(" ".join(f"{name}={count}" for name, count in counts._asdict().items()))

    def _list_problems(self, error: BadRows) -> None:
        for problem in error.problems[:MAX_PROBLEMS_SHOWN]:
            self.stderr.write(str(problem))
        if len(error.problems) > MAX_PROBLEMS_SHOWN:
            self.stderr.write(f"... and {len(error.problems) - MAX_PROBLEMS_SHOWN} more")


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--accepted-offline: {text} is not a date (YYYY-MM-DD)") from None


def _read_file(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None


def _format_errors(error: ValidationError) -> str:
    by_field = getattr(error, "message_dict", {})
    texts = [f"--{field.replace('_', '-')}: {' '.join(messages)}" for field, messages in by_field.items()]
    return "; ".join(texts) or " ".join(error.messages)
