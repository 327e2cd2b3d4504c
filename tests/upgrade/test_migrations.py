"""Migrations after the first release lock no large table for long (specification 12)."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

from config.environment import BASE_DIR

# A column without a default cannot be added while the release before still writes; an index is made CONCURRENTLY.
BAD = [
    'ALTER TABLE "tracking_order" ADD COLUMN "a" integer NOT NULL;',
    'CREATE INDEX "a" ON "tracking_order" ("b");',
    'DROP INDEX IF EXISTS "a";',
    'ALTER TABLE "tracking_order" ALTER COLUMN "a" TYPE bigint USING "a"::bigint;',
    'ALTER TABLE "tracking_order" DROP COLUMN "a" CASCADE;',
    'ALTER TABLE "tracking_order" RENAME COLUMN "a" TO "b";',
    'ALTER TABLE "tracking_order" ADD CONSTRAINT "a" UNIQUE ("b");',
]
GOOD = [
    'ALTER TABLE "tracking_order" ADD COLUMN "a" integer NULL;',
    'ALTER TABLE "tracking_order" ADD COLUMN "a" integer DEFAULT 0 NOT NULL;',
    'CREATE INDEX CONCURRENTLY "a" ON "tracking_order" ("b");',
    'CREATE TABLE "a" ("id" bigint NOT NULL PRIMARY KEY);',
]


def list_problems(statements):
    errors, _ignored, warnings = analyse_sql_statements(PostgresqlAnalyser, statements)
    return [problem.code for problem in (*errors, *warnings)]


@pytest.mark.parametrize("statement", BAD)
def test_locking_statement_is_found(statement):
    assert list_problems(["BEGIN;", statement, "COMMIT;"])


@pytest.mark.parametrize("statement", GOOD)
def test_harmless_statement_is_allowed(statement):
    assert list_problems([statement]) == []


# AddIndexConcurrently refuses to run, even for its SQL alone, in the transaction of a test.
@pytest.mark.django_db(transaction=True)
def test_migrations_since_the_first_release_lock_no_table_for_long():
    loader = MigrationLoader(connection)
    for (app, name), migration in loader.disk_migrations.items():
        if name.startswith("0001_") or not (BASE_DIR / app / "migrations").is_dir():
            continue
        statements = loader.collect_sql([(migration, False)])
        problems = list_problems([line for line in statements if not line.startswith("--")])
        assert problems == [], f"{app} {name}: {problems}"
