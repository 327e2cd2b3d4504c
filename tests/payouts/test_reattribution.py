"""Orders of an affiliate attributed again, with their commissions (specification 8). Orders of 100.00 earn 5.00."""

import pytest

from affiliates.models import State
from affiliates.status_history import change_status
from audit.models import AuditRecord
from payouts.commissions import reattribution
from tests.compliance.appeal_program import AppealProgram, march
from tests.payouts.ledger_lock import assert_ledger_is_locked_first

pytestmark = pytest.mark.django_db
SUSPENDED, RECORDED = march("03"), march("10")


@pytest.fixture
def program() -> AppealProgram:
    """Ann's orders of 2 to 5 March, before it is recorded that she was suspended on 3 March."""
    program = AppealProgram()
    for day in ("02", "03", "04", "05"):
        assert program.sell(f"of-{day}", march(day), coupon=program.ann) == "ann coupon 5.00"
    assert program.sell("of-ben", march("04"), coupon=program.ben) == "ben coupon 5.00"
    change_status(affiliate=program.ann, to=State.SUSPENDED, at=SUSPENDED, now=RECORDED, by=None)
    return program


def reattribute(program: AppealProgram) -> int:
    return reattribution.reattribute_orders(
        affiliate=program.ann, since=SUSPENDED, now=RECORDED, by=program.reviewer, reason="Recorded late."
    )


@pytest.mark.parametrize("batch", [1, 2, 1_000])
def test_orders_since_a_late_recorded_suspension_change_in_any_size_of_batch(program, batch, monkeypatch):
    monkeypatch.setattr(reattribution, "BATCH", batch)
    assert reattribute(program) == 3
    assert [program.describe(f"of-{day}") for day in ("02", "03", "04", "05", "ben")] == [
        "ann coupon 5.00", "nobody not_active 0.00", "nobody not_active 0.00", "nobody not_active 0.00",
        "ben coupon 5.00",
    ]  # fmt: skip
    record = AuditRecord.objects.get(action="orders attributed again")
    assert (record.subject_id, record.at, record.by) == (str(program.ann.pk), RECORDED, program.reviewer)
    assert (record.after["orders"], record.reason) == (3, "Recorded late.")


def test_orders_that_are_attributed_as_before_are_not_counted_or_recorded(program):
    assert reattribute(program) == 3
    assert reattribute(program) == 0
    assert AuditRecord.objects.filter(action="orders attributed again").count() == 1


def test_close_cannot_run_while_orders_are_attributed_again(program):
    with assert_ledger_is_locked_first():
        reattribute(program)
