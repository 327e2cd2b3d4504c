"""`manage.py liveness worker|beat`: exit status 0 if the process of this machine is alive."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.monitoring.heartbeats import MAX_SECONDS, Role, find_fault


class Command(BaseCommand):
    help = "Say whether the worker or beat of this machine is alive: exit status 0 if it is, 1 if not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", choices=[role.value for role in Role])
        parser.add_argument(
            "--max-seconds", type=float, default=MAX_SECONDS, help="oldest heartbeat of a process that is alive"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if fault := find_fault(Role(options["role"]), max_seconds=options["max_seconds"]):
            raise CommandError(fault)
        self.stdout.write(f"{options['role']} is alive")
