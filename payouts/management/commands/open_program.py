"""Open the program: from now on, months are closed and sales targets are evaluated automatically."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from affiliates.errors import IllegalTransition
from payouts.closing import open_program


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            program = open_program.open_program(now=timezone.now(), by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except IllegalTransition as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"opened {program.opened_at:%Y-%m-%dT%H:%M:%SZ}")
