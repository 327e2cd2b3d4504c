"""A foreign key that is checked by statement ..."""

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from payouts.models import Commission, StatementLine
from tests.scenarios import build_order, close_months, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = "'00000000-0000-0000-0000-000000000000'"


def unconstrained() -> list[Any]:
    """Every foreign key that the database does not check by itself."""
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


def refused(sql: str, error: type[Exception] = IntegrityError, match: str = "references no row of") -> None:
    with pytest.raises(error, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("key", unconstrained(), ids=str)
def test_is_checked_by_a_trigger_that_names_it_and_leads_to_rows_that_stay(key):
    assert has_trigger(key.model, "check_references_on_insert") or key.model._meta.label == "tracking.ChangedDay", key
    kept = ("never_deleted", "append_only", "published_is_final")
    assert has_trigger(key.related_model, *kept), f"rows of {key.related_model} can be deleted"
    if key.model._meta.label != "tracking.ChangedDay":
        functions = [
            trigger.func for trigger in key.model._meta.triggers if trigger.name == "check_references_on_insert"
        ]
        assert key.column in str(functions[0])


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize(
    ("table", "column", "nobody"),
    [
        ("payouts_commission", "affiliate_id", NOBODY),
        ("payouts_commission", "order_id", NOBODY),
        ("payouts_commission", "agreement_id", NOBODY),
        ("payouts_commission", "line_id", "-1"),
        ("tracking_order", "affiliate_id", NOBODY),
        ("tracking_order", "candidate_id", NOBODY),
        ("tracking_order", "link_id", NOBODY),
        ("tracking_orderline", "order_id", NOBODY),
    ],
)
def test_refuses_an_update_to_a_row_that_is_not_there(table, column, nobody):
    refused(f"UPDATE {table} SET {column} = {nobody} WHERE ctid = (SELECT ctid FROM {table} LIMIT 1)")


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize(
    ("column", "nobody"), [("close_id", NOBODY), ("statement_id", NOBODY), ("commission_id", "-1")]
)
def test_refuses_a_statement_line_of_nothing(column, nobody):
    # Of the other month, so that nothing else speaks against it: a commission is settled once a close.
    values = {name: name for name in ("statement_id", "commission_id", "base", "rate", "clause", "forfeited")}
    values |= {"amount": "1.00", "close_id": "(SELECT id FROM payouts_close ORDER BY period LIMIT 1)", column: nobody}
    names, given = ", ".join(values), ", ".join(values.values())
    refused(
        f"INSERT INTO payouts_statementline ({names}) SELECT {given} FROM payouts_statementline ORDER BY id LIMIT 1"
    )


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize(
    "table", ["payouts_commission", "tracking_order", "tracking_orderline", "affiliates_affiliate", "tracking_link"]
)
def test_leads_to_rows_that_are_never_deleted(table):
    if table != "tracking_link":
        refused(f"DELETE FROM {table}", DatabaseError, "Cannot delete rows")
    refused(f"TRUNCATE {table} CASCADE", DatabaseError, "Cannot truncate rows")
    assert Commission.objects.count() == 2
