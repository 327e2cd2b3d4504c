"""Enter what a new program needs first, and list what is still missing.

Takes SETUP_EMAIL, SETUP_PASSWORD, SETUP_SHOP_URL, SETUP_SHOP_HOSTS and SETUP_AGREEMENT_DATE from the environment and, in
a terminal, asks for those that are not set. What exists is left as it is, so the command can be repeated.
"""

import os
import sys
from collections.abc import Callable
from datetime import date
from getpass import getpass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from agreements.models import AgreementVersion, Program
from portal import program_setup
from portal.setup_steps import list_setup_steps


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        self.enter(self.enter_owner, "SETUP_EMAIL", "SETUP_PASSWORD")
        self.enter(self.enter_shop, "SETUP_SHOP_URL", "SETUP_SHOP_HOSTS")
        self.enter(self.publish_agreement, "SETUP_AGREEMENT_DATE")
        self.list_steps()

    def enter(self, step: Callable[[], None], *names: str) -> None:
        """Take a step. If an answer is refused, ask again, unless it came from the environment."""
        while True:
            try:
                return step()
            except ValidationError as error:
                message = " ".join(error.messages)
            if not sys.stdin.isatty() or any(os.environ.get(name) for name in names):
                raise CommandError(message)
            self.stderr.write(f"{message} Please try again.")

    def enter_owner(self) -> None:
        if User.objects.filter(is_superuser=True, is_active=True).exists():
            return
        if not (email := read("SETUP_EMAIL", "E-mail address of the first member of staff")):
            return
        if not (password := read("SETUP_PASSWORD", "Password", ask_password)):
            raise CommandError("SETUP_PASSWORD must be set together with SETUP_EMAIL")
        program_setup.create_owner(email=email, password=password, now=timezone.now())

    def enter_shop(self) -> None:
        program = Program.current()
        if program.shop_url or program.shop_hosts:
            return
        url = read("SETUP_SHOP_URL", "Address of the shop, such as https://shop.example.com")
        host = urlsplit(url if "//" in url else f"https://{url}").netloc.lower()
        hosts = read("SETUP_SHOP_HOSTS", f"Hosts that tracking links may lead to, separated by commas [{host}]") or host
        if url or hosts:
            program_setup.enter_shop(url=url, hosts=hosts, now=timezone.now())

    def publish_agreement(self) -> None:
        if AgreementVersion.objects.exists():
            return
        example = date.today().isoformat()  # noqa: DTZ011 -- the day of the person who types
        if day := read("SETUP_AGREEMENT_DATE", f"Day on which the example agreement takes effect, such as {example}"):
            call_command("seed_agreement", effective=day, stdout=self.stdout)

    def list_steps(self) -> None:
        for step in list_setup_steps(timezone.now()):
            if step.is_done:
                self.stdout.write(f"done     {step.title}")
            else:
                command = f" ({step.command})" if step.command else ""
                self.stdout.write(f"missing  {step.title}: {step.explanation}{command}")


def read(name: str, question: str, ask: Callable[[str], str] = input) -> str:
    """Return the environment variable or, in a terminal, the answer to the question; "" if there is none."""
    if (text := os.environ.get(name, "").strip()) or not sys.stdin.isatty():
        return text
    return ask(f"{question}: ").strip()


def ask_password(question: str) -> str:
    """Return a password that was typed twice. Raises ValidationError if the two differ."""
    password = getpass(question)
    if password and getpass(f"{question.rstrip(': ')} again: ") != password:
        raise ValidationError("The two passwords differ.")
    return password
