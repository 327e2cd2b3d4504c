"""A scenario of sixty affiliates before the close of February 2026, four for each case that a close distinguishes.

December and January are closed; the payouts of January were sent and some were returned. All affiliates have been in
the program for longer than the 180 days of a sales target.
"""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import time_machine

from accounts.models import User
from affiliates import status_history
from affiliates.models import Affiliate, State
from payouts.closing import open_program
from payouts.commissions import forfeiture, holds
from payouts.disbursement import approval, exports, payout_transitions
from payouts.ledger import adjustments, booking
from payouts.models import Account, Commission, Payout, PayoutBatch
from payouts.payout_details import details
from tests.factories import make_staff
from tests.scenarios import build_order, close_months, create_program, import_affiliates, parse_utc, send_orders

KINDS = (
    "PAID", "CARRIED", "EDGE", "NEGATIVE", "HELD", "PAYOUTHOLD", "DETAILLESS", "FRESH", "ADJUSTED", "REFUNDED",
    "FORFEITED", "RETURNED", "SUSPENDED", "ENDED", "BROKEN",
)  # fmt: skip
NUMBERS = range(1, 5)
DECEMBER, JANUARY, NOW = (
    parse_utc("2025-12-10T12:00:00"),
    parse_utc("2026-01-10T12:00:00"),
    parse_utc("2026-03-03T12:00:00"),
)
SETTLED, SENT, LATER = (
    parse_utc("2026-02-04T12:00:00"),
    parse_utc("2026-02-05T12:00:00"),
    parse_utc("2026-02-20T12:00:00"),
)


def list_codes(*kinds: str) -> list[str]:
    return [f"{kind}{number}" for kind in kinds for number in NUMBERS]


def list_affiliates(kind: str) -> list[Affiliate]:
    return [Affiliate.objects.get(code=code) for code in list_codes(kind)]


def build_sale(
    placed_at: datetime, code: str, *lines: tuple[str] | tuple[str, str], at: datetime | None = None, status: str = ""
) -> dict[str, Any]:
    """Return a snapshot, of time `at`, of an order with the affiliate's coupon that was completed at once.

    Its commission is 5 %, validated 30 days later.
    """
    placed = placed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    updated = (at or placed_at).strftime("%Y-%m-%dT%H:%M:%SZ")
    goods = [("home-decor", *line) for line in lines]
    return build_order(
        f"{code}-{placed_at:%m}", *goods, at=updated, placed=placed, completed=placed, status=status, coupon=code
    )


def fill_database(folder: Path) -> None:
    with time_machine.travel(DECEMBER.replace(day=3), tick=False):
        create_program("2025-09-01")
        detailed = [kind for kind in KINDS if kind != "DETAILLESS"]
        import_affiliates(list_codes(*detailed), folder, accepted="2025-09-02")
        import_affiliates(list_codes("DETAILLESS"), folder, accepted="2025-09-02", details=False)
        staff = make_staff(superuser=True), make_staff(superuser=True)
    _send_orders()
    with time_machine.travel(SETTLED, tick=False):
        close_months("2025-12", "2026-01")
    _pay_january(*staff)
    with time_machine.travel(LATER, tick=False):
        _apply_later_changes(*staff)
    open_program.open_program(now=LATER, by=None)


def _send_orders() -> None:
    """Send an order per affiliate in December, settled in January, and one of three lines in January, for February."""
    for code in list_codes(*KINDS):
        kind, number = code[:-1], int(code[-1])
        december = {"CARRIED": 100, "EDGE": 0, "NEGATIVE": 1000}.get(kind, 400 + 20 * number)
        january = {"CARRIED": 60, "EDGE": 319.60 if number > 2 else 320, "ENDED": 80}.get(kind, 500 + 7 * number)
        if december:
            send_orders(build_sale(DECEMBER, code, (f"{december}.00",)), now=DECEMBER)
        lines = [(f"{january / 4:.2f}",), (f"{january / 4:.2f}",), (f"{january / 2:.2f}",)]
        send_orders(build_sale(JANUARY, code, *lines), now=JANUARY)


def _pay_january(preparer: User, approver: User) -> None:
    batch = PayoutBatch.objects.get()
    approval.submit(batch=batch, now=SENT, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, SENT).digest, now=SENT, by=approver)
    exports.export(batch=batch, now=SENT, by=preparer)
    for payout in Payout.objects.select_related("affiliate").order_by("affiliate__code"):
        if payout.affiliate.code.startswith("RETURNED"):
            payout_transitions.fail(payout=payout, reason="No such account.", now=SENT, by=preparer)
        else:
            payout_transitions.pay(payout=payout, reason="Paid by the bank.", now=SENT, by=preparer)


def _apply_later_changes(preparer: User, approver: User) -> None:
    for code in list_codes("NEGATIVE"):
        send_orders(build_sale(DECEMBER, code, ("1000.00", "1000.00"), at=LATER), now=LATER)
        send_orders(build_sale(JANUARY, code, ("1.00",), at=LATER, status="cancelled"), now=LATER)
    for code in list_codes("REFUNDED"):
        send_orders(build_sale(DECEMBER, code, (f"{400 + 20 * int(code[-1])}.00", "133.33"), at=LATER), now=LATER)
    for affiliate in list_affiliates("HELD"):
        held = Commission.objects.for_affiliate(affiliate).filter(placed_at=JANUARY).order_by("-amount")[:1]
        holds.hold_commissions(commissions=held, source="review", reason="Under review.", now=LATER, by=None)
    for affiliate in list_affiliates("PAYOUTHOLD"):
        holds.hold_payouts(affiliate=affiliate, source="staff", reason="A court order.", now=LATER, by=preparer)
    for affiliate in list_affiliates("FRESH"):
        account = f"new.{affiliate.code.lower()}@example.com"
        entered = NOW.replace(day=1)
        details.change_details(
            affiliate=affiliate, method="paypal", account=account, holder=affiliate.name, now=entered, by=None
        )
    for affiliate in list_affiliates("ADJUSTED"):
        for kind, amount in (("bonus", Decimal("20.00")), ("clawback", Decimal("-3.33"))):
            row = adjustments.propose(
                affiliate=affiliate, kind=kind, amount=amount, reason="Agreed by telephone.", now=LATER, by=preparer
            )
            adjustments.approve(adjustment=row, now=LATER, by=approver)
    for affiliate in list_affiliates("FORFEITED"):
        lines = Commission.objects.for_affiliate(affiliate)
        forfeiture.forfeit(commissions=lines, reason="Clause 8.2 of version 1.", now=LATER, by=None)
    for affiliate in list_affiliates("SUSPENDED"):
        status_history.change_status(
            affiliate=affiliate, to=State.SUSPENDED, now=LATER, by=None, reason="Under review."
        )
    for affiliate in list_affiliates("ENDED"):
        status_history.change_status(
            affiliate=affiliate, to=State.TERMINATED, now=LATER, by=None, reason="At their request."
        )
    for affiliate in list_affiliates("BROKEN"):
        post_unstated_amount(affiliate, Decimal("1.00"))


def post_unstated_amount(affiliate: Affiliate, amount: Decimal) -> None:
    """Post an amount that is on no statement; until it is reversed, every close must exclude the affiliate."""
    sides = [(Account.AFFILIATE_PAYABLE, affiliate, -amount), (Account.ADJUSTMENTS, affiliate, amount)]
    source = f"by hand:{affiliate.code}:{amount}"
    booking.post_transaction(source=source, kind="by hand", entries=sides, now=LATER, by=None)
