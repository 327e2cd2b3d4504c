"""Show the secret keys by fingerprint, make new ones, and encrypt payout details with the newest one.

Keys themselves are never shown, except a new one. docs/operations.md says how to rotate them without an interruption.
"""

import hashlib
import secrets
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from portal import key_rotation

NAMES = ("SECRET_KEY", "CLICK_ID_KEYS", "PAYOUT_DETAILS_KEYS", "PERSONAL_HASH_KEY")
# The bytes of a new key; as text it is a third longer.
NEW_KEY_BYTES = 48


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new", choices=NAMES, metavar="NAME", help=f"make a key for {', '.join(NAMES)}")
        parser.add_argument("--reencrypt", action="store_true", help="encrypt everything with the newest key")

    def handle(self, *args: Any, new: str | None, reencrypt: bool, **options: Any) -> None:
        if new:
            self.make(new)
        elif reencrypt:
            self.reencrypt()
        else:
            self.show()

    def make(self, name: str) -> None:
        self.stdout.write(secrets.token_urlsafe(NEW_KEY_BYTES))
        if name == "SECRET_KEY":
            advice = "Set SECRET_KEY to it and put the former key in front of SECRET_KEY_FALLBACKS."
        elif name == "PERSONAL_HASH_KEY":
            advice = "Only for a new program: customer references and payout accounts cannot be hashed again."
        elif name in settings.DERIVED_KEYS:
            advice = f"Set {name} to derived,KEY and restart all processes; then to KEY,derived and restart them again."
        else:
            advice = f"Put it behind the other keys of {name} and restart all processes; then in front, and again."
        self.stderr.write(advice)

    def reencrypt(self) -> None:
        changed, unreadable = key_rotation.reencrypt_all()
        self.stdout.write(f"{changed} values encrypted with the newest key.")
        if unreadable:
            raise CommandError(f"No key fits {len(unreadable)} values, which are unchanged:\n" + "\n".join(unreadable))
        self.stdout.write("The other keys of PAYOUT_DETAILS_KEYS are not needed any more.")

    def show(self) -> None:
        self.list_keys("SECRET_KEY", [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
        self.list_keys("CLICK_ID_KEYS", settings.CLICK_ID_KEYS)
        self.list_keys("PAYOUT_DETAILS_KEYS", settings.PAYOUT_DETAILS_KEYS, *self.describe_uses())
        self.list_keys("PERSONAL_HASH_KEY", [settings.PERSONAL_HASH_KEY])

    def list_keys(self, name: str, keys: Sequence[str], *uses: str) -> None:
        derived = " (derived from SECRET_KEY)" if name in settings.DERIVED_KEYS else ""
        self.stdout.write(f"{name}{derived}")
        for position, key in enumerate(keys):
            note = f"  {uses[position]}" if position < len(uses) else ""
            self.stdout.write(f"  {position + 1}. {fingerprint(key)}{note}")

    def describe_uses(self) -> list[str]:
        try:
            uses, unreadable = key_rotation.count_uses()
        except DatabaseError:
            self.stderr.write("The database does not answer, so the use of keys is not shown.")
            return []
        if unreadable:
            self.stderr.write(f"No key of PAYOUT_DETAILS_KEYS fits {unreadable} stored values.")
        return [f"{use.values} values" + (f", since {use.since:%Y-%m-%d}" if use.since else "") for use in uses]


def fingerprint(key: str) -> str:
    """Return a name for `key` that does not reveal it: keys are long and random."""
    return hashlib.sha256(f"fingerprint:{key}".encode()).hexdigest()[:8]
