from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import api_keys
from accounts.models import Scope


class Command(BaseCommand):
    help = "Make a key for the orders API and print it, and nothing else: it is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the key is for, as staff will see it")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what the key may do, once for each; all of it if none is given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _key, secret = api_keys.create(name=options["name"], scopes=options["scope"], now=timezone.now(), by=None)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        self.stdout.write(secret)
