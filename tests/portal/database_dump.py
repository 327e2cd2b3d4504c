"""The whole database as text, to look for what must not be in it."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from psycopg import sql

from payouts.models import PayoutDetails, PayoutFile
from payouts.payout_details.encryption import decrypt


class Cell(NamedTuple):
    """A value of a row: the table and column that it is in, and its text."""

    place: str
    text: str


def dump_database() -> Iterator[Cell]:
    """Yield every value of every table in any schema of ours, what is encrypted in clear, and every stored file."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            query = sql.SQL("SELECT pair.key, pair.value FROM {} AS dumped, jsonb_each_text(to_jsonb(dumped)) AS pair")
            cursor.execute(query.format(sql.Identifier(table)))
            for column, value in cursor.fetchall():
                yield Cell(f"{table}.{column}", _decode_bytes(value or ""))
    for model in (PayoutDetails, PayoutFile):
        for encrypted in model.objects.exclude(encrypted="").values_list("encrypted", flat=True):
            yield Cell(f"{model._meta.db_table}.encrypted", decrypt(encrypted))
    for session in Session.objects.all():
        yield Cell("django_session.session_data", str(session.get_decoded()))
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            yield Cell(str(path), path.read_bytes().decode(errors="replace"))


def _decode_bytes(value: str) -> str:
    return bytes.fromhex(value[2:]).decode(errors="replace") if value.startswith("\\x") else value


def find_places(canaries: Collection[str]) -> dict[str, set[str]]:
    """Return in which columns each of the texts is, in any letter case."""
    places: dict[str, set[str]] = {canary: set() for canary in canaries}
    for cell in dump_database():
        text = cell.text.lower()
        for canary in canaries:
            if canary.lower() in text:
                places[canary].add(cell.place)
    return places


def list_columns(fields: Collection[str]) -> set[str]:
    """Return the columns of fields such as "compliance.Review.summary"."""
    columns = set()
    for path in fields:
        label, name = path.rsplit(".", 1)
        model = apps.get_model(label)
        columns.add(f"{model._meta.db_table}.{model._meta.get_field(name).column}")
    return columns
