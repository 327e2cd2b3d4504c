"""`manage.py export_acceptance ID`: write the evidence of one acceptance as a ZIP."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agreements import evidence_export
from agreements.models import Acceptance


class Command(BaseCommand):
    help = "Write the evidence of an acceptance (id, number in the chain or hash) as a ZIP and print the file name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("acceptance", metavar="ID")
        parser.add_argument(
            "--output", metavar="FILE", type=Path, help="default: acceptance-NUMBER.zip in this directory"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        acceptance = self._find(options["acceptance"])
        path: Path = options["output"] or Path(evidence_export.build_file_name(acceptance))
        try:
            path.write_bytes(evidence_export.export_acceptance(acceptance))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        self.stdout.write(str(path))

    def _find(self, name: str) -> Acceptance:
        if name.isascii() and name.isdigit() and len(name) < 10:
            rows = Acceptance.objects.filter(sequence=int(name))
        elif len(name) == 64:
            rows = Acceptance.objects.filter(hash=name.lower())
        else:
            try:
                rows = Acceptance.objects.filter(pk=UUID(name))
            except ValueError:
                raise CommandError(f"{name!r} is not the id, number or hash of an acceptance") from None
        acceptance = rows.select_related("agreement").first()
        if acceptance is None:
            raise CommandError(f"There is no acceptance {name}")
        return acceptance
