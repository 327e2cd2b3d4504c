from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import api_keys
from accounts.models import Scope


class Command(BaseCommand):
    help = "Create an API key and print it. It is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the key is for")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="a permission of the key; may be repeated; default: those for orders",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _key, secret = api_keys.create(name=options["name"], scopes=options["scope"], now=timezone.now(), by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(secret)
