"""The application's role in the database, made as docs/operations.md says, ...

Everything here goes around Django: psycopg alone, connected as that role.
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
# What says of a table that its rows are final: each of them refuses TRUNCATE too. Only what is `never_changed` may be deleted.
FINAL = {"append_only", "published_is_final", "never_changed"}
# RELIABILITY 1.3 names these; whatever else has such a trigger is found by it.
NAMED = {
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

# The personal fields of an acceptance (CONTRACT 9).
ERASABLE = {"agreements_acceptanceperson"}


def triggers(model: type[Model]) -> list[str]:
    """The names of a model's triggers in the database."""
    return [trigger.get_pgid(model) for trigger in getattr(model._meta, "triggers", ())]


TABLES = {
    model._meta.db_table: triggers(model)
    for model in apps.get_models()
    if FINAL & {trigger.name for trigger in getattr(model._meta, "triggers", ())}
}


class Roles(NamedTuple):
    """How to connect: the server's superuser, the owner of the tables, and the application."""

    superuser: str
    owner: str
    app: str


def as_documented(owner: str, app: str, database: str) -> tuple[list[str], list[str]]:
    """The statements of docs/operations.md before and after `\\c`, with our names and password."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?m)((?:^    .*\n)*^    CREATE ROLE(?:.*\n)(?:^    .*\n)*)", text)
    block = re.sub(r"--.*", "", block).replace("'...'", "'a password'")
    block = block.replace("accord_owner", owner).replace("accord_app", app)
    block = re.sub(r"\baccord\b", database, block)
    before, after = block.split(f"\\c {database}\n")
    return [part for part in before.split(";") if part.strip()], [part for part in after.split(";") if part.strip()]


def manage(url: str, *arguments: str) -> None:
    """Run manage.py in a process of its own, on the database at `url`."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1", "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """An empty database as documented, migrated by the owner, in which the application has lived a little."""
    default = settings.DATABASES["default"]
    server = f"{default['HOST']}:{default['PORT']}"
    name = f"accord_roles_{os.getpid()}"
    owner, app = f"{name}_owner", f"{name}_app"
    superuser = f"postgres://{default['USER']}:{default['PASSWORD']}@{server}"
    urls = Roles(f"{superuser}/{name}", *(f"postgres://{role}:a%20password@{server}/{name}" for role in (owner, app)))
    with psycopg.connect(f"{superuser}/postgres", autocommit=True) as connection:
        before, after = as_documented(owner, app, name)
        try:
            run(connection, *before)
            with psycopg.connect(urls.superuser, autocommit=True) as inside:
                run(inside, *after)
            manage(urls.owner, "migrate", "--verbosity=0")
            folder = tmp_path_factory.mktemp("life")
            life = f"import pathlib; from tests.config.full_program import create_full_program; create_full_program(pathlib.Path({str(folder)!r}))"
            manage(urls.app, "shell", "--verbosity=0", "--command", life)
            yield urls
        finally:
            run(connection, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            run(connection, f"DROP ROLE IF EXISTS {owner}", f"DROP ROLE IF EXISTS {app}")


def run(connection: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement)


@pytest.fixture
def app(roles: Roles) -> Iterator[psycopg.Connection]:
    """The application's connection; what it does is rolled back."""
    with psycopg.connect(roles.app) as connection:
        yield connection
        connection.rollback()


def rows(app: psycopg.Connection, table: str) -> int:
    found = app.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert found
    return int(found[0])


def test_finds_every_table_that_is_named():
    assert TABLES.keys() >= NAMED


@pytest.mark.parametrize("table", TABLES)
def test_changes_no_row_of(app, table):
    assert rows(app, table) > 0, f"a little life must leave a row in {table}"
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"UPDATE {table} SET {column(app, table)} = {column(app, table)}")


@pytest.mark.parametrize("table", TABLES)
def test_overwrites_no_row_of(app, table):
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(
            app,
            f"INSERT INTO {table} SELECT * FROM {table} ORDER BY 1 LIMIT 1"
            f" ON CONFLICT ({column(app, table)}) DO UPDATE SET {column(app, table)} = excluded.{column(app, table)}",
        )


@pytest.mark.parametrize("table", sorted(TABLES.keys() - ERASABLE))
def test_deletes_no_row_of(app, table):
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"DELETE FROM {table}")


def test_deletes_personal_fields_one_by_one_to_erase_somebody(app):
    before = rows(app, "agreements_acceptanceperson")
    run(
        app,
        "DELETE FROM agreements_acceptanceperson WHERE acceptance_id = (SELECT min(id::text)::uuid FROM agreements_acceptance)",
    )
    assert rows(app, "agreements_acceptanceperson") == before - 1


def column(app: psycopg.Connection, table: str) -> str:
    """The first column of a table."""
    described = app.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table))).description
    assert described
    return described[0].name


@pytest.mark.parametrize("table", TABLES)
def test_changes_no_row_by_a_session_that_says_to_ignore_the_triggers(app, table):
    run(app, f"SET pgtrigger.ignore = '{{{','.join(TABLES[table])}}}'")
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"UPDATE {table} SET {column(app, table)} = {column(app, table)}")


@pytest.mark.parametrize("table", TABLES)
def test_changes_no_row_by_tables_of_its_own_that_look_like_ours(app, table):
    for name in TABLES:
        run(app, f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM public.{name} WHERE false")
    with pytest.raises(errors.RaiseException, match="pgtrigger: Cannot"):
        run(app, f"UPDATE public.{table} SET {column(app, table)} = {column(app, table)}")


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
def test_has_no_right_to_go_around_the_triggers_of(app, table, statement):
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
def test_becomes_nobody_else(app, roles, statement):
    name = psycopg.conninfo.conninfo_to_dict(roles.app)["user"]
    with pytest.raises(errors.InsufficientPrivilege):
        run(app, statement.format(app=name, owner=str(name).replace("_app", "_owner")))


def test_finds_nothing_by_the_question_that_operations_md_has_for_it(app, roles):
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [question] = re.findall(r"(?m)^    (SELECT relname(?:.*\n)(?:^    .*\n)*)", text)
    assert app.execute(question).fetchall() == []
    with psycopg.connect(roles.owner) as owner:
        assert len(owner.execute(question).fetchall()) > len(TABLES)


def test_may_truncate_no_table_at_all(app):
    may = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    assert app.execute(f"{may} AND has_table_privilege(oid, 'TRUNCATE, TRIGGER, REFERENCES')").fetchall() == []
    assert app.execute(f"{may} AND NOT has_table_privilege(oid, 'SELECT')").fetchall() == []


def test_books_nothing_that_does_not_balance(app):
    run(app, "CREATE TEMPORARY TABLE payouts_ledgerentry AS SELECT * FROM public.payouts_ledgerentry WHERE false")
    with pytest.raises(errors.CheckViolation, match="does not balance"):
        run(
            app,
            "INSERT INTO public.payouts_ledgerentry (transaction_id, account, amount)"
            " SELECT id, 'cash', 1.00 FROM payouts_ledgertransaction LIMIT 1",
        )


def test_draws_the_numbers_of_what_a_close_books(app):
    assert app.execute("SELECT nextval('payouts_ledgertransaction_id_seq')").fetchone()[0] > 0


def test_lends_the_owner_no_code_of_its_own(app, roles):
    """What runs with the owner's rights touches no table that the application made, and so sets off no trigger on one."""
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


def test_runs_no_function_with_the_owner_s_rights_but_these(app):
    found = app.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert [name for (name,) in found] == ["drop_click_month", "make_month"]
