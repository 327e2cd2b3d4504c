"""Foreign keys that are checked once per statement (lib.foreign_keys)."""

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from payouts.models import Commission, StatementLine
from tests.scenarios import build_order, close_months, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db(transaction=True)

# Their rows are written by triggers of the rows that they mark.
MARKS = ("tracking.ChangedDay", "payouts.ChangedCommission")
MISSING_ID = "'00000000-0000-0000-0000-000000000000'"


def list_unconstrained_keys() -> list[Any]:
    """Return every foreign key without a database constraint."""
    fields = [field for model in apps.get_models() if model._meta.managed for field in model._meta.local_fields]
    return [field for field in fields if not getattr(field, "db_constraint", True)]


def has_trigger(model: type[models.Model], *names: str) -> bool:
    return bool(set(names) & {trigger.name for trigger in getattr(model._meta, "triggers", ())})


@pytest.fixture
def _settled(tmp_path) -> None:
    create_program()
    import_affiliates(["A"], tmp_path)
    at = "2026-01-11T12:00:00Z"
    send_orders(build_order("1", ("home-decor", "500.00"), ("toys-hobbies", "10.00"), completed=at, at=at, coupon="A"))
    close_months("2026-01", "2026-02")
    assert StatementLine.objects.count() == 2


def assert_rejected(sql: str, error: type[Exception] = IntegrityError, match: str = "references no row of") -> None:
    with pytest.raises(error, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("key", list_unconstrained_keys(), ids=str)
def test_unconstrained_key_has_trigger_and_references_undeletable_rows(key):
    assert has_trigger(key.model, "check_references_on_insert") or key.model._meta.label in MARKS, key
    protected = ("never_deleted", "append_only", "published_is_final")
    assert has_trigger(key.related_model, *protected), f"rows of {key.related_model} can be deleted"
    if key.model._meta.label not in MARKS:
        functions = [
            trigger.func for trigger in key.model._meta.triggers if trigger.name == "check_references_on_insert"
        ]
        assert key.column in str(functions[0])


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize(
    ("table", "column", "missing"),
    [
        ("payouts_commission", "affiliate_id", MISSING_ID),
        ("payouts_commission", "order_id", MISSING_ID),
        ("payouts_commission", "agreement_id", MISSING_ID),
        ("payouts_commission", "line_id", "-1"),
        ("tracking_order", "affiliate_id", MISSING_ID),
        ("tracking_order", "candidate_id", MISSING_ID),
        ("tracking_order", "link_id", MISSING_ID),
        ("tracking_orderline", "order_id", MISSING_ID),
    ],
)
def test_update_to_missing_row_is_rejected(table, column, missing):
    assert_rejected(f"UPDATE {table} SET {column} = {missing} WHERE ctid = (SELECT ctid FROM {table} LIMIT 1)")


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize(
    ("column", "missing"), [("close_id", MISSING_ID), ("statement_id", MISSING_ID), ("commission_id", "-1")]
)
def test_statement_line_of_missing_row_is_rejected(column, missing):
    # In the other month, because a commission is settled only once per close.
    values = {name: name for name in ("statement_id", "commission_id", "base", "rate", "clause", "forfeited")}
    values |= {"amount": "1.00", "close_id": "(SELECT id FROM payouts_close ORDER BY period LIMIT 1)", column: missing}
    names, expressions = ", ".join(values), ", ".join(values.values())
    assert_rejected(
        f"INSERT INTO payouts_statementline ({names}) SELECT {expressions} FROM payouts_statementline ORDER BY id LIMIT 1"
    )


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize(
    "table", ["payouts_commission", "tracking_order", "tracking_orderline", "affiliates_affiliate", "tracking_link"]
)
def test_referenced_rows_cannot_be_deleted(table):
    if table != "tracking_link":
        assert_rejected(f"DELETE FROM {table}", DatabaseError, "Cannot delete rows")
    assert_rejected(f"TRUNCATE {table} CASCADE", DatabaseError, "Cannot truncate rows")
    assert Commission.objects.count() == 2
