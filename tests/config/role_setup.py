"""A database with the roles of docs/operations.md, for tests that connect as one of them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


class Roles(NamedTuple):
    """The database URLs of the superuser, the owner of the tables, the application, and the role for reports."""

    superuser: str
    owner: str
    app: str
    reports: str


def read_documented_statements(owner: str, app: str, database: str) -> list[str]:
    """Return the statements of docs/operations.md with the names and password of this test."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?m)((?:^    .*\n)*^    CREATE ROLE(?:.*\n)(?:^    .*\n)*)", text)
    block = re.sub(r"--.*", "", block).replace("'...'", "'a password'")
    block = block.replace("accord_owner", owner).replace("accord_app", app)
    return [part for part in re.sub(r"\baccord\b", database, block).split(";") if part.strip()]


def read_reports_statements(owner: str, reports: str) -> list[str]:
    """Return the statements of docs/operations.md that create the role for reports."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?s)```sql\n(CREATE ROLE accord_reports.*?)```", text)
    block = block.replace("'...'", "'a password'").replace("accord_owner", owner).replace("accord_reports", reports)
    return [part for part in block.split(";") if part.strip()]


def run_python(*arguments: str, **variables: str) -> None:
    """Run Python in a subprocess with these environment variables."""
    process = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1", "REDIS_URL": settings.REDIS_URL, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr


@contextmanager
def create_roles(folder: Path) -> Iterator[Roles]:
    """Create a database as documented, migrate it as the owner, and fill it as the application."""
    default = settings.DATABASES["default"]
    server = f"{default['HOST']}:{default['PORT']}"
    name = f"accord_roles_{os.getpid()}"
    owner, app, reports = (f"{name}_{role}" for role in ("owner", "app", "reports"))
    superuser = f"postgres://{default['USER']}:{default['PASSWORD']}@{server}"
    urls = Roles(
        f"{superuser}/{name}", *(f"postgres://{role}:a%20password@{server}/{name}" for role in (owner, app, reports))
    )
    with psycopg.connect(f"{superuser}/postgres", autocommit=True) as connection:
        try:
            run(connection, *read_documented_statements(owner, app, name))
            run_python("-m", "config.serve", "migrate", DATABASE_OWNER_URL=urls.owner, DATABASE_URL=urls.app)
            with psycopg.connect(urls.superuser, autocommit=True) as inside:
                run(inside, *read_reports_statements(owner, reports))
            code = (
                "import pathlib; from tests.config.full_program import create_full_program; "
                f"create_full_program(pathlib.Path({str(folder)!r}))"
            )
            run_python("manage.py", "shell", "--verbosity=0", "--command", code, DATABASE_URL=urls.app)
            yield urls
        finally:
            run(connection, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            run(connection, *(f"DROP ROLE IF EXISTS {role}" for role in (owner, app, reports)))


def run(connection: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement)
