"""Every staff action on money is on the audit trail with a reason."""

from datetime import timedelta
from decimal import Decimal

import pytest

from audit.models import AuditRecord
from payouts.closing.open_program import open_program
from payouts.commissions import forfeiture, holds
from payouts.disbursement import approval, bank_results, payout_transitions
from payouts.ledger import adjustments
from payouts.models import Commission
from payouts.payout_details import details
from tests.payouts.conftest import FEBRUARY, MARCH, build_results_file

pytestmark = pytest.mark.django_db
LATER = FEBRUARY + timedelta(days=2)
EXPECTED_ACTIONS = {
    "adjustment approved", "adjustment proposed", "adjustment rejected", "commission forfeited", "commission restored",
    "month closed", "payout batch approved", "payout batch cancelled", "payout batch draft", "payout batch marked paid",
    "payout batch sent", "payout batch submitted", "payout cancelled", "payout details changed", "payout failed",
    "payout reissued", "payout paid", "payouts held", "payouts released", "program opened",
}  # fmt: skip


def test_every_payout_action_is_recorded_with_reason(
    make_sent_batch, make_draft_batch, make_payable_affiliate, make_settled_affiliate, preparer, approver
):
    batch = make_sent_batch(amounts=("100.00", "25.50", "30.00"))
    failed, paid, last = batch.payouts.select_related("affiliate").order_by("-amount")
    content = build_results_file((failed, "failed", "100.00", "closed"), (paid, "paid", "30.00", ""))
    bank_results.import_results(content=content, now=LATER, by=preparer)
    bank_results.mark_paid(batch=batch, now=LATER, by=preparer)
    new = payout_transitions.reissue(payout=failed, reason="Called.", now=LATER, by=preparer)
    approval.submit(batch=new.batch, now=LATER, by=preparer)
    payout_transitions.hold(payout=new, reason="A court order.", now=LATER, by=preparer)
    source = f"payout:{new.reference}"
    holds.release_payouts(affiliate=new.affiliate, source=source, now=LATER, by=preparer)
    details.change_details(
        affiliate=last.affiliate, method="paypal", account="n@example.com", holder="N", now=LATER, by=None
    )
    row = adjustments.propose(
        affiliate=last.affiliate, kind="bonus", amount=Decimal(5), reason="A test.", now=LATER, by=preparer
    )
    adjustments.reject(adjustment=row, reason="No.", now=LATER, by=approver)
    open_program(now=LATER, by=approver)
    assert list_actions_without_reason() == set()
    assert set(AuditRecord.objects.values_list("action", flat=True)) >= EXPECTED_ACTIONS - {
        "commission forfeited", "commission restored",
    }  # fmt: skip


def test_forfeiture_and_restoration_are_recorded_with_reason(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    rows = list(Commission.objects.filter(affiliate=affiliate))
    forfeiture.forfeit(commissions=rows, reason="clause 6.2", now=MARCH, by=None)
    forfeiture.restore(commissions=rows, now=MARCH, by=None)
    assert list_actions_without_reason() == set()
    assert AuditRecord.objects.filter(action="commission restored").count() == len(rows) == 3


def list_actions_without_reason() -> set[str]:
    """Return the actions of payouts that were recorded without a reason."""
    without = AuditRecord.objects.filter(reason="", action__regex="^(adjustment|commission|month|payout|program)")
    return set(without.values_list("action", flat=True))
