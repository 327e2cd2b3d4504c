"""The life of a dollar, lived by the product's own functions and written down with the rows that each step leaves.

`docs/money.md` is this, and a test compares it; `make docs` writes it anew.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import time_machine

from affiliates.models import Affiliate
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from payouts.closing.close import close_month
from payouts.disbursement import approval, bank_results, exports
from payouts.ledger import adjustments
from payouts.models import Adjustment, Close, Commission, LedgerEntry, LedgerTransaction, Payout, PayoutBatch, Statement
from payouts.models import StatementLine as Line
from tests.factories import make_staff
from tests.scenarios import build_order, create_program, import_affiliates, parse_utc, send_orders
from tracking.models import Order, OrderLine, OrderSnapshot

INTRODUCTION = """
What happens to a sale of 320.00, from the order to the bank and back, with the rows that each step leaves. The test
`tests/stories/test_money_walkthrough.py` lives it with the product's own functions and compares this page with what the
database then holds; `make docs` writes it. Clauses are those of the example agreement. In the ledger positive is debit and
negative is credit; what is owed to an affiliate is their negative sum on `affiliate_payable`.
"""
DONE, GIVEN_BACK = "2026-01-12T12:00:00Z", "2026-03-20T12:00:00Z"
BEFORE, ORDERED, RESULTS, REFUNDED, FEBRUARY, MARCH, APRIL, MAY = (
    parse_utc(f"2026-{day}T12:01:00")
    for day in ("01-02", "01-12", "03-05", "03-20", "02-03", "03-03", "04-03", "05-03")
)


def build_page(folder: Path) -> str:
    """The whole page, by living it in an empty program."""
    with time_machine.travel(BEFORE, tick=False):
        create_program("2026-01-01")
        ben = import_affiliates(["BEN"], folder)["BEN"]
    steps = [*describe_commission(), *describe_payout(), *describe_refund(ben)]
    parts = [f"## {number}. {text}" for number, text in enumerate(steps, 1)]
    return "\n\n".join(["# The life of a dollar", wrap(INTRODUCTION), *parts]) + "\n"


def describe_commission() -> Iterator[str]:
    send_orders(build_order("A1", ("home-decor", "320.00"), at=DONE, completed=DONE, coupon="BEN"), now=ORDERED)
    yield format_step(
        "The order",
        f"""The shop sends a snapshot of an order of 10 January, completed on 12 January: 320.00 of `home-decor`, with the
        coupon `BEN`. The snapshot is kept as a receipt that never changes, and the order stands beside it as it is now. The
        coupon is bound to Ben, so the order is his ({format_clause(Rule.COUPON_ASSIGNMENT)}).""",
        format_table(OrderSnapshot.objects.all(), "order_id", "updated_at"),
        format_table(Order.objects.all(), "order_id", "status", "coupon_code", "affiliate", "reason", "completed_at"),
        format_table(OrderLine.objects.all(), "order", "line_id", "category", "amount", "refunded"),
    )
    commission = Commission.objects.get()
    yield format_step(
        "The commission",
        f"""In the same transaction each line of an attributed order gets its commission ([which rate](rates.md)): 320.00 x
        5.00 % = 16.00, rounded once to the cent. It is *pending*, and *validated* from 30 days after the completion on
        ({format_clause(Rule.VALIDATION_DAYS)}). It keeps every step of its why:""",
        "\n".join(f"- {one['text']} (clause {one['clause']})" for one in commission.steps),
        format_table([commission], "order", "affiliate", "base", "rate", "amount", "clause", "validates_at"),
    )


def describe_payout() -> Iterator[str]:
    close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
    close_month(month=date(2026, 2, 1), now=MARCH, by=None)
    yield format_step(
        "The close",
        f"""January's close, on 3 February, finds nothing that is validated. February's, on 3 March, posts the difference
        between what the commission is and what is settled of it ({format_clause(Rule.SETTLEMENT)}): one statement line of 16.00, on
        Ben's first statement. The balance reaches the payout minimum of 16.00 ({format_clause(Rule.PAYOUT_MINIMUM)}) and Ben is
        payable ({format_clause(Rule.PAYABLE)}), so it is paid out whole: the same transaction drafts the payout.""",
        format_table(Close.objects.order_by("period"), "period", "closed_at"),
        format_table(Line.objects.all(), "commission", "base", "rate", "amount"),
        format_statements(),
        format_table(Payout.objects.all(), "affiliate", "amount", "state"),
        format_ledger("close:2026-02:", "settlement"),
        format_ledger("payout:", "payout"),
    )
    batch, preparer, approver = (
        PayoutBatch.objects.get(),
        make_staff("payout preparers"),
        make_staff("payout approvers"),
    )
    approval.submit(batch=batch, now=MARCH, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, MARCH).digest, now=MARCH, by=approver)
    exports.export(batch=batch, now=MARCH, by=preparer)
    yield format_step(
        "Four eyes and the file",
        """One member of staff submits the batch. Another approves it, over a digest of payees, amounts and destinations:
        whatever changes one of them makes the approval void. The export makes the file for PayPal, and tells Ben. No money has
        moved in the ledger: it still is in transit.""",
        format_table(PayoutBatch.objects.all(), "name", "state", "submitted_at", "approved_at", "sent_at"),
        format_table(Payout.objects.all(), "affiliate", "amount", "state", "sent_at"),
    )
    bank_results.mark_paid(batch=batch, now=RESULTS, by=preparer)
    yield format_step(
        "The bank",
        f"""The provider says `paid`, in a file of results or all at once. Only now is it cash that is gone. Had it said
        `failed`, the 16.00 would have gone back to `affiliate_payable`, and onto the next statement as *returned*
        ({format_clause(Rule.FAILED_PAYOUTS)}).""",
        format_table(Payout.objects.all(), "affiliate", "amount", "state", "paid_at"),
        format_ledger("payout:", "payout paid"),
    )


def describe_refund(ben: Affiliate) -> Iterator[str]:
    refunded = build_order("A1", ("home-decor", "320.00", "320.00"), at=GIVEN_BACK, completed=DONE, coupon="BEN")
    send_orders(refunded, now=REFUNDED)
    close_month(month=date(2026, 3, 1), now=APRIL, by=None)
    yield format_step(
        "A late refund",
        f"""On 20 March the customer gives everything back. The newest snapshot counts, so the commission is 0.00 from then on
        ({format_clause(Rule.REFUNDS)}); the order stays Ben's ({format_clause(Rule.ATTRIBUTION_FROZEN)}). March's close posts the difference,
        -16.00. No line that was ever written changes: the clawback is a line of its own, and the balance below zero is carried
        over, to be set off against what Ben earns later ({format_clause(Rule.NEGATIVE_BALANCE)}).""",
        format_table(OrderSnapshot.objects.order_by("updated_at"), "order_id", "updated_at"),
        format_table(Commission.objects.all(), "order", "affiliate", "base", "rate", "amount"),
        format_table(Line.objects.order_by("id"), "commission", "base", "rate", "amount"),
        format_statements(),
        format_ledger("close:2026-03:", "settlement"),
    )
    preparer, approver = make_staff("payout preparers"), make_staff("payout approvers")
    row = adjustments.propose_write_off(affiliate=ben, reason="Ben has closed his site.", now=APRIL, by=preparer)
    adjustments.approve(adjustment=row, now=APRIL, by=approver)
    close_month(month=date(2026, 4, 1), now=MAY, by=None)
    yield format_step(
        "The end of it",
        f"""Nothing more comes. Staff write the 16.00 off ({format_clause(Rule.ADJUSTMENTS)}): one proposes it with a reason, another
        approves it while the balance is still exactly that, and April's close posts it as a correction. Ben owes nothing, and
        nothing is owed to him.""",
        format_table(Adjustment.objects.all(), "affiliate", "kind", "amount", "reason", "state"),
        format_statements(),
        format_ledger("close:2026-04:", "settlement"),
        format_balances(),
    )


def format_clause(rule: Rule) -> str:
    return f"clause {get_clause_number(AgreementVersion.objects.get().pk, rule)}"


def format_step(title: str, text: str, *rows: str) -> str:
    return "\n\n".join([title, wrap(text), *rows])


def wrap(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def format_statements() -> str:
    fields = ("number", "opening", "lines", "settled", "adjustments", "returned", "payout", "closing", "reasons")
    return format_table(Statement.objects.order_by("number"), "close", *fields)


def format_ledger(source: str, kind: str) -> str:
    booked = LedgerTransaction.objects.filter(source__startswith=source, kind=kind)
    entries = LedgerEntry.objects.filter(transaction__in=booked).order_by("id")
    rows = [[entry.account, entry.affiliate, entry.amount] for entry in entries]
    return format_grid(f"LedgerTransaction ({kind}) and its LedgerEntry rows", ("account", "affiliate", "amount"), rows)


def format_balances() -> str:
    sums: dict[str, Any] = {}
    for entry in LedgerEntry.objects.order_by("id"):
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount
    return format_grid(
        "What is left, over all accounts", ("account", "balance"), [*sums.items(), ("sum", sum(sums.values()))]
    )


def format_table(rows: Iterable[Any], *fields: str) -> str:
    """The rows with these fields, under the name of their model."""
    found = list(rows)
    return format_grid(type(found[0]).__name__, fields, [[getattr(row, field) for field in fields] for row in found])


def format_grid(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(map(format_value, row))} |" for row in rows]
    return f"*{name}*\n\n" + "\n".join(lines)


def format_value(value: Any) -> str:
    """As text: moments to the minute in UTC, people by their code, commissions by order and line."""
    if value is None:
        return ""
    if isinstance(value, Affiliate):
        return value.code
    if isinstance(value, Commission):
        return f"{value.order.order_id}, line {value.line.line_id}"
    if isinstance(value, Order):
        return value.order_id
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else str(value)
