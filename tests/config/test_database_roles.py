"""The database role of the application, created as docs/operations.md says.

The tests bypass Django and connect as that role with psycopg.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from psycopg import errors, sql

pytestmark = pytest.mark.slow

ROOT = Path(settings.BASE_DIR)
# Triggers of tables with final rows. All of them also reject TRUNCATE; only `never_changed` allows DELETE.
FINAL = {"append_only", "published_is_final", "never_changed"}
# Tables that must be final. Others with such triggers are found by them.
REQUIRED = {
    "affiliates_statuschange",
    "agreements_acceptance",
    "agreements_acceptanceperson",
    "agreements_agreementversion",
    "agreements_agreementtext",
    "agreements_agreementwithdrawal",
    "agreements_clause",
    "agreements_prohibitedactivity",
    "agreements_rate",
    "audit_auditrecord",
    "payouts_close",
    "payouts_ledgerentry",
    "payouts_ledgertransaction",
    "payouts_payoutfile",
    "payouts_closeexception",
    "payouts_statement",
    "payouts_statementline",
    "tracking_ordersnapshot",
}

# The personal fields of an acceptance (specification 9).
ERASABLE = {"agreements_acceptanceperson"}


def get_trigger_names(model: type[Model]) -> list[str]:
    """Return the names of a model's triggers in the database."""
    return [trigger.get_pgid(model) for trigger in getattr(model._meta, "triggers", ())]


TABLES = {
    model._meta.db_table: get_trigger_names(model)
    for model in apps.get_models()
    if FINAL & {trigger.name for trigger in getattr(model._meta, "triggers", ())}
}


class Roles(NamedTuple):
    """The database URLs of the superuser, the owner of the tables, and the application."""

    superuser: str
    owner: str
    app: str


def read_documented_statements(owner: str, app: str, database: str) -> list[str]:
    """Return the statements of docs/operations.md with the names and password of this test."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?m)((?:^    .*\n)*^    CREATE ROLE(?:.*\n)(?:^    .*\n)*)", text)
    block = re.sub(r"--.*", "", block).replace("'...'", "'a password'")
    block = block.replace("accord_owner", owner).replace("accord_app", app)
    return [part for part in re.sub(r"\baccord\b", database, block).split(";") if part.strip()]


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


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """Create a database as documented, migrate it as the owner, and fill it as the application."""
    default = settings.DATABASES["default"]
    server = f"{default['HOST']}:{default['PORT']}"
    name = f"accord_roles_{os.getpid()}"
    owner, app = f"{name}_owner", f"{name}_app"
    superuser = f"postgres://{default['USER']}:{default['PASSWORD']}@{server}"
    urls = Roles(f"{superuser}/{name}", *(f"postgres://{role}:a%20password@{server}/{name}" for role in (owner, app)))
    with psycopg.connect(f"{superuser}/postgres", autocommit=True) as connection:
        try:
            run(connection, *read_documented_statements(owner, app, name))
            run_python("-m", "config.serve", "migrate", DATABASE_OWNER_URL=urls.owner, DATABASE_URL=urls.app)
            folder = tmp_path_factory.mktemp("program")
            code = (
                "import pathlib; from tests.config.full_program import create_full_program; "
                f"create_full_program(pathlib.Path({str(folder)!r}))"
            )
            run_python("manage.py", "shell", "--verbosity=0", "--command", code, DATABASE_URL=urls.app)
            yield urls
        finally:
            run(connection, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            run(connection, f"DROP ROLE IF EXISTS {owner}", f"DROP ROLE IF EXISTS {app}")


def run(connection: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement)


@pytest.fixture
def app(roles: Roles) -> Iterator[psycopg.Connection]:
    """Connect as the application and roll back at the end."""
    with psycopg.connect(roles.app) as connection:
        yield connection
        connection.rollback()


def count_rows(app: psycopg.Connection, table: str) -> int:
    row = app.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row
    return int(row[0])


def test_required_tables_are_final():
    assert TABLES.keys() >= REQUIRED


@pytest.mark.parametrize("table", TABLES)
def test_update_is_rejected(app, table):
    assert count_rows(app, table) > 0, f"full_program.py must create a row in {table}"
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"UPDATE {table} SET {get_first_column(app, table)} = {get_first_column(app, table)}")


@pytest.mark.parametrize("table", TABLES)
def test_upsert_is_rejected(app, table):
    column = get_first_column(app, table)
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(
            app,
            f"INSERT INTO {table} SELECT * FROM {table} ORDER BY 1 LIMIT 1"
            f" ON CONFLICT ({column}) DO UPDATE SET {column} = excluded.{column}",
        )


@pytest.mark.parametrize("table", sorted(TABLES.keys() - ERASABLE))
def test_delete_is_rejected(app, table):
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"DELETE FROM {table}")


def test_personal_fields_of_one_acceptance_can_be_deleted(app):
    before = count_rows(app, "agreements_acceptanceperson")
    run(
        app,
        "DELETE FROM agreements_acceptanceperson WHERE acceptance_id = (SELECT min(id::text)::uuid FROM agreements_acceptance)",
    )
    assert count_rows(app, "agreements_acceptanceperson") == before - 1


def get_first_column(app: psycopg.Connection, table: str) -> str:
    """Return the name of the first column of a table."""
    described = app.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table))).description
    assert described
    return described[0].name


@pytest.mark.parametrize("table", TABLES)
def test_session_cannot_disable_triggers(app, table):
    run(app, f"SET pgtrigger.ignore = '{{{','.join(TABLES[table])}}}'")
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"UPDATE {table} SET {get_first_column(app, table)} = {get_first_column(app, table)}")


@pytest.mark.parametrize("table", TABLES)
def test_temporary_tables_do_not_bypass_triggers(app, table):
    for name in TABLES:
        run(app, f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM public.{name} WHERE false")
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"UPDATE public.{table} SET {get_first_column(app, table)} = {get_first_column(app, table)}")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} DISABLE TRIGGER {trigger}",
        "DROP TRIGGER {trigger} ON {}",
        "CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE RULE nothing AS ON UPDATE TO {} DO INSTEAD NOTHING",
        "ALTER TABLE {} RENAME TO gone",
        "DROP TABLE {} CASCADE",
    ],
)
def test_triggers_cannot_be_bypassed_by_ddl(app, table, statement):
    with pytest.raises(errors.InsufficientPrivilege):
        run(app, statement.format(table, trigger=TABLES[table][0]))


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "SET ROLE {owner}",
        "SET SESSION AUTHORIZATION {owner}",
        "ALTER ROLE {app} SUPERUSER",
        "ALTER ROLE {app} SET session_replication_role = replica",
        "GRANT {owner} TO {app}",
        "CREATE TABLE public.agreement (id int)",
        "CREATE FUNCTION public._pgtrigger_should_ignore(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(name) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE SCHEMA before_public",
    ],
)
def test_role_cannot_gain_privileges(app, roles, statement):
    name = psycopg.conninfo.conninfo_to_dict(roles.app)["user"]
    with pytest.raises(errors.InsufficientPrivilege):
        run(app, statement.format(app=name, owner=str(name).replace("_app", "_owner")))


def test_documented_query_finds_no_excess_privileges(app, roles):
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [query] = re.findall(r"(?m)^    (SELECT relname(?:.*\n)(?:^    .*\n)*)", text)
    assert app.execute(query).fetchall() == []
    with psycopg.connect(roles.owner) as owner:
        assert len(owner.execute(query).fetchall()) > len(TABLES)


def test_role_has_no_truncate_privilege_and_can_read_all_tables(app):
    tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    assert app.execute(f"{tables} AND has_table_privilege(oid, 'TRUNCATE, TRIGGER, REFERENCES')").fetchall() == []
    assert app.execute(f"{tables} AND NOT has_table_privilege(oid, 'SELECT')").fetchall() == []


def test_unbalanced_ledger_entry_is_rejected(app):
    run(app, "CREATE TEMPORARY TABLE payouts_ledgerentry AS SELECT * FROM public.payouts_ledgerentry WHERE false")
    with pytest.raises(errors.CheckViolation, match="does not balance"):
        run(
            app,
            "INSERT INTO public.payouts_ledgerentry (transaction_id, account, amount)"
            " SELECT id, 'cash', 1.00 FROM payouts_ledgertransaction LIMIT 1",
        )


def test_role_can_use_ledger_sequence(app):
    assert app.execute("SELECT nextval('payouts_ledgertransaction_id_seq')").fetchone()[0] > 0


def test_owner_functions_reject_tables_of_the_application(app, roles):
    """Functions with the owner's privileges must not run triggers that the application created on its own tables."""
    name = str(psycopg.conninfo.conninfo_to_dict(roles.app)["user"])
    run(
        app,
        "CREATE TEMPORARY TABLE mine (at timestamptz) PARTITION BY RANGE (at)",
        "CREATE TEMPORARY TABLE mine_default PARTITION OF mine DEFAULT",
        "CREATE FUNCTION pg_temp.free() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN ALTER TABLE public.payouts_ledgerentry DISABLE TRIGGER USER; RETURN NULL; END'",
        "CREATE TRIGGER free BEFORE DELETE ON mine_default FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.free()",
        f"GRANT ALL ON mine, mine_default TO {name.replace('_app', '_owner')}",
    )
    with pytest.raises(errors.InsufficientPrivilege, match="mine is not a table of the owner"):
        run(app, "SELECT public.make_month('mine', '2020-01-01')")


def test_only_known_functions_run_with_owner_privileges(app):
    found = app.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert [name for (name,) in found] == ["drop_click_month", "make_month"]
