"""Migrate the database as the owner of the tables, and grant the application's role what it needs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg import sql

# No TRUNCATE, TRIGGER or ownership: with these the application could get around the triggers (specification 9).
GRANTS = (
    "GRANT TEMPORARY ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    # For partitions, which functions of the owner create later.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)


class Command(BaseCommand):
    help = f"{__doc__} `python -m config.serve migrate` calls it with the roles of both database URLs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role of DATABASE_URL, which runs the application")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        owner = connection.settings_dict["USER"]
        if role == owner:
            raise CommandError(f"DATABASE_URL and DATABASE_OWNER_URL both name the role {role}. Use two roles.")
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
            if (found := cursor.fetchone()) is None:
                raise CommandError(f"DATABASE_URL names the role {role}, which does not exist. Create it first.")
        if found[0]:
            raise CommandError(f"DATABASE_URL names the role {role}, a superuser, whom no trigger stops. Use another.")
        call_command("migrate", verbosity=options["verbosity"])
        grant(role)


def grant(role: str) -> None:
    """Grant the role of the application access to all tables and sequences."""
    names = {"database": sql.Identifier(connection.settings_dict["NAME"]), "role": sql.Identifier(role)}
    with connection.cursor() as cursor:
        for statement in GRANTS:
            cursor.execute(sql.SQL(statement).format(**names))
