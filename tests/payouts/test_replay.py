"""A replay finds wrongly posted amounts and names them."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payouts.closing.replay import replay
from payouts.models import Close, StatementLine
from tests.scenarios import build_order, close_months, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db

DONE = "2026-01-12T12:00:00Z"


@pytest.fixture(autouse=True)
def _program(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    for number, code in enumerate(["ANN", "BEN", "ANN"]):
        send_orders(build_order(f"A{number}", ("home-decor", "400.00"), at=DONE, completed=DONE, coupon=code))
    close_months("2026-01", "2026-02")


def run_without_triggers(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = replica; {statement}")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_unchanged_months_have_no_differences(capsys):
    capsys.readouterr()
    call_command("replay", "--all")
    assert capsys.readouterr().out.split("\n")[:2] == ["2026-01 differences=0", "2026-02 differences=0"]


def test_settled_amount_off_by_a_cent_is_named(capsys):
    line = StatementLine.objects.filter(statement__affiliate__code="BEN").get()
    run_without_triggers(f"UPDATE payouts_statementline SET amount = 20.01 WHERE id = {line.pk}")
    [difference] = replay(Close.objects.get(period="2026-02-01"))
    assert (difference.affiliate, difference.stored, difference.recomputed) == ("BEN", "20.01", "20.00")
    with pytest.raises(CommandError, match="1 differences"):
        call_command("replay", "2026-02")
    assert "2026-02: BEN: line 1 of order A1 was posted as 20.01, but recomputes to 20.00" in capsys.readouterr().err


def test_missing_payout_is_found():
    run_without_triggers("UPDATE payouts_statement SET payout = 0, closing = 40.00 WHERE payout = 40.00")
    differences = replay(Close.objects.get(period="2026-02-01"))
    assert [(one.affiliate, one.figure, one.recomputed) for one in differences] == [
        ("ANN", "payout", "40.00"), ("ANN", "closing", "0.00"),
    ]  # fmt: skip


def test_snapshot_after_the_cut_belongs_to_next_close():
    send_orders(
        build_order("A0", ("home-decor", "400.00", "100.00"), at="2026-03-05T12:00:00Z", completed=DONE, coupon="ANN")
    )
    assert replay(Close.objects.get(period="2026-02-01")) == []
    [march] = close_months("2026-03")
    assert replay(march) == []
    assert StatementLine.objects.get(close=march).amount == Decimal("-5.00")
