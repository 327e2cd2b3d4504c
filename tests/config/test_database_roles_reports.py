"""The database role for reports, created as docs/operations.md says, reads the views and can do nothing else."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from tests.config.role_setup import Roles, run

pytestmark = pytest.mark.slow


@pytest.fixture
def reports(roles: Roles) -> Iterator[psycopg.Connection]:
    """Connect as the role for reports and roll back at the end."""
    with psycopg.connect(roles.reports) as connection:
        yield connection
        connection.rollback()


def list_relations(connection: psycopg.Connection, kinds: str, schema: str) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relkind::text = ANY(%s) AND relnamespace::regnamespace::text = %s"
    return [name for (name,) in connection.execute(query, [list(kinds), schema]).fetchall()]


def test_reports_role_and_application_read_every_view(reports, app):
    views = list_relations(reports, "v", "reporting")
    assert {"orders", "commissions", "statements", "audit"} <= set(views)
    for connection in (reports, app):
        rows = {view: connection.execute(f"SELECT count(*) FROM reporting.{view}").fetchone() for view in views}
        assert rows["commissions"] == (2,)


def test_reports_role_reads_views_of_later_migrations(roles, reports):
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        run(owner, "CREATE VIEW reporting.later AS SELECT 1 AS one")
        try:
            assert reports.execute("SELECT one FROM reporting.later").fetchone() == (1,)
        finally:
            reports.rollback()
            run(owner, "DROP VIEW reporting.later")


def test_reports_role_is_refused_every_table(reports):
    tables = list_relations(reports, "rpmSv", "public")
    assert len(tables) > 50
    for table in tables:
        for statement in ("SELECT FROM public.{}", "DELETE FROM public.{}"):
            with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
                run(reports, sql.SQL(statement).format(sql.Identifier(table)))  # type: ignore[arg-type]
            reports.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO reporting.affiliates (affiliate) VALUES ('X')",
        "UPDATE reporting.order_lines SET amount = 0",
        "UPDATE reporting.affiliates SET country = 'DE'",
        "DELETE FROM reporting.affiliates",
        "CREATE TABLE mine (id int)",
        "CREATE TABLE reporting.mine (id int)",
        "CREATE VIEW reporting.mine AS SELECT 1",
        "SELECT make_month('tracking_click', '2020-01-01')",
        "SELECT drop_click_month('2020-01-01')",
        "SELECT nextval('payouts_ledgertransaction_id_seq')",
        "SELECT setval('payouts_ledgertransaction_id_seq', 1)",
        "SET ROLE {app}",
        "TRUNCATE public.payouts_ledgerentry",
    ],
)
def test_reports_role_cannot_write(reports, roles, statement):
    app = str(psycopg.conninfo.conninfo_to_dict(roles.app)["user"])
    # Also if the tool switches the default of the role off.
    run(reports, "SET TRANSACTION READ WRITE")
    with pytest.raises((errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState)):
        run(reports, statement.format(app=app))
