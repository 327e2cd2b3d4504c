"""Every release so far upgrades to this version, with all of its records and none changed (specification 12)."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest
from django.db import connection

from tests.upgrade.release_dump import build_url, create_database, execute, list_dumps, restore, run_client, run_python

# In one process, because each start takes seconds.
UPGRADE_AND_PROVE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
for command in (["verify_ledger"], ["verify_acceptances"], ["verify_rollups"], ["replay", "--all"]):
    call_command(*command)
"""
# An upgrade adds to them.
GROWING = {"django_migrations", "django_content_type", "auth_permission", "auth_group_permissions"}

pytestmark = pytest.mark.slow


class Upgrade(NamedTuple):
    """The address of an upgraded database, and what was in it before."""

    url: str
    counts: dict[str, tuple[int]]
    amounts: list[tuple[object, ...]]


@pytest.fixture(scope="module", params=list_dumps(), ids=lambda path: path.name.removesuffix(".sql.gz"))
def upgrade(request, django_db_setup) -> Iterator[Upgrade]:
    """Restore the dump of a release, upgrade it, and run every proof."""
    with create_database(f"accord_upgrade_{os.getpid()}") as url:
        restore(request.param, url)
        counts, amounts = count_rows(url)
        run_python(url, "manage.py", "shell", "--verbosity=0", "--command", UPGRADE_AND_PROVE)
        yield Upgrade(url, counts, amounts)


def count_rows(url):
    """Return the number of rows of each table, and the statements' amounts."""
    with psycopg.connect(url) as client:
        names = client.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'"
        ).fetchall()
        counts = {
            name: client.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
            for (name,) in names
            if name not in GROWING
        }
        amounts = client.execute("SELECT affiliate_id, opening, settled, payout, closing FROM payouts_statement")
        return counts, sorted(amounts.fetchall())


def test_release_is_upgraded_and_every_proof_holds(upgrade):
    assert upgrade.amounts
    after, amounts_after = count_rows(upgrade.url)
    assert {name: after.get(name) for name in upgrade.counts} == upgrade.counts
    assert amounts_after == upgrade.amounts


@pytest.fixture(scope="module")
def new_schema(django_db_setup):
    """Describe the schema of the tests' own database, which was empty before its migrations."""
    with create_database(f"accord_copy_{os.getpid()}") as copy:
        # PostgreSQL writes some expressions otherwise after they were restored from a dump.
        execute(dump_schema(build_url(connection.settings_dict["NAME"])), copy)
        return describe_schema(copy)


def test_upgraded_schema_is_that_of_an_empty_database(upgrade, new_schema):
    """What an upgrade makes and what a first installation makes are the same tables, triggers and views."""
    assert describe_schema(upgrade.url) == new_schema


def dump_schema(url):
    return run_client("pg_dump", url, "--schema-only", "--no-owner", "--no-privileges")


def describe_schema(url):
    """Return the schema in lines that do not depend on the order in which it was made."""
    lines = dump_schema(url).decode().splitlines()
    # Partitions are made for the months that a program needs.
    kept = (line.rstrip(",;") for line in lines if line and not line.startswith(("--", "\\")) and "_20" not in line)
    return sorted(set(kept))
