"""The reports that can be downloaded as CSV files: one for each view of the schema `reporting` (docs/reports.md)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from affiliates.models import State
from payouts.models import Adjustment, Payout
from payouts.reporting.commission_list import STATE_LABELS
from tracking.models.order import Status


@dataclass(frozen=True)
class Report:
    """A view, who may download it, and what the file has beyond the view's columns."""

    name: str
    title: str | Promise
    rows: str | Promise
    # Staff who may see these rows in the admin may download them.
    permission: str
    # The columns of the view, in its order.
    columns: tuple[str, ...]
    # The column by which days are chosen and rows are ordered; further columns that make the order unique.
    time: str
    order: tuple[str, ...]
    is_day: bool = False
    statuses: tuple[str, ...] = ()
    # Columns of the file alone, such as names of people, and the tables they come from.
    personal: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""

    @property
    def header(self) -> tuple[str, ...]:
        return (*self.columns, *self.personal)

    @property
    def has_affiliate(self) -> bool:
        return "affiliate" in self.columns


def _list_values(choices: type[TextChoices]) -> tuple[str, ...]:
    return tuple(choices.values)


ORDERS = Report(
    "orders", _("orders"),
    _("One row per order, with its attribution, amounts and commission."),
    "tracking.view_order",
    (
        "order_id", "status", "placed_at", "completed_at", "updated_at", "currency", "country", "affiliate", "reason",
        "agreement", "clause", "link", "coupon", "clicked_at", "device", "lines", "amount", "refunded", "commission",
    ),
    time="placed_at", order=("order_id",), statuses=_list_values(Status),
)  # fmt: skip
ORDER_LINES = Report(
    "order_lines", _("order lines"),
    _("One row per line of an order."),
    "tracking.view_order",
    (
        "order_id", "line_id", "placed_at", "affiliate", "position", "sku", "title", "category", "quantity", "amount",
        "refunded",
    ),
    time="placed_at", order=("order_id", "position", "line_id"),
)  # fmt: skip
COMMISSIONS = Report(
    "commissions", _("commissions"),
    _("One row per commission, with its rate, amount, status and the part that is settled."),
    "payouts.view_commission",
    (
        "order_id", "line_id", "placed_at", "affiliate", "status", "category", "base", "rate", "amount", "settled",
        "validates_at", "forfeited_at", "agreement", "clause",
    ),
    time="placed_at", order=("order_id", "line_id"), statuses=tuple(STATE_LABELS),
)  # fmt: skip
AFFILIATES = Report(
    "affiliates", _("affiliates"),
    _("One row per affiliate, with name, e-mail address, status and balance."),
    "affiliates.view_affiliate",
    ("affiliate", "country", "status", "status_since", "applied_at", "notice_ends_at", "balance"),
    time="applied_at", order=("affiliate",), statuses=_list_values(State),
    personal={"name": "person.name", "email": "account.email"},
    joins="""JOIN affiliates_affiliate AS person ON person.code = report.affiliate
             JOIN accounts_user AS account ON account.id = person.user_id""",
)  # fmt: skip
CLICKS = Report(
    "clicks", _("clicks"),
    _("One row per visit of a tracking link, also of robots."),
    "tracking.view_click",
    ("clicked_at", "affiliate", "link", "kind", "device", "referring_site"),
    time="clicked_at", order=("link",),
)  # fmt: skip
CLICKS_BY_DAY = Report(
    "clicks_by_day", _("clicks by day"),
    _("One row per day and tracking link, with the counted clicks."),
    "tracking.view_reports",
    ("day", "affiliate", "link", "clicks"),
    time="day", order=("affiliate", "link"), is_day=True,
)  # fmt: skip
STATEMENTS = Report(
    "statements", _("statements"),
    _("One row per statement, with its sums."),
    "payouts.view_statement",
    (
        "month", "affiliate", "number", "closed_at", "opening", "lines", "settled", "adjustments", "returned", "payout",
        "closing", "reasons", "agreement",
    ),
    time="month", order=("affiliate",), is_day=True,
)  # fmt: skip
STATEMENT_LINES = Report(
    "statement_lines", _("statement lines"),
    _("One row per amount that a monthly close settled."),
    "payouts.view_statement",
    (
        "month", "affiliate", "statement", "order_id", "line_id", "base", "rate", "amount", "clause", "is_forfeited",
    ),
    time="month", order=("affiliate", "order_id", "line_id"), is_day=True,
)  # fmt: skip
ADJUSTMENTS = Report(
    "adjustments", _("adjustments"),
    _("One row per adjustment."),
    "payouts.view_adjustment",
    ("proposed_at", "affiliate", "kind", "is_write_off", "status", "amount", "decided_at", "statement"),
    time="proposed_at", order=("affiliate", "kind", "amount"), statuses=_list_values(Adjustment.State),
)  # fmt: skip
PAYOUTS = Report(
    "payouts", _("payouts"),
    _("One row per payout, without payout details."),
    "payouts.view_payout",
    (
        "created_at", "affiliate", "reference", "status", "amount", "statement", "returned_statement", "replaces",
        "sent_at", "paid_at", "returned_at",
    ),
    time="created_at", order=("reference",), statuses=_list_values(Payout.State),
)  # fmt: skip
LEDGER = Report(
    "ledger", _("ledger entries"),
    _("One row per ledger entry: debits are positive, credits negative."),
    "payouts.view_ledgerentry",
    ("booked_at", "transaction", "entry", "kind", "source", "account", "affiliate", "amount"),
    time="booked_at", order=("entry",),
)  # fmt: skip
AUDIT = Report(
    "audit", _("audit trail"),
    _("One row per audit record: who did what, when and why."),
    "audit.view_auditrecord",
    (
        "record", "recorded_at", "action", "subject_type", "subject_id", "before_state", "after_state", "is_automatic",
    ),
    time="recorded_at", order=("record",),
    personal={
        "by": "account.email",
        # Banks name accounts and their holders in the reasons of failed payouts.
        "reason": "CASE WHEN trail.subject_type = 'payouts.payout' THEN '' ELSE trail.reason END",
    },
    joins="""JOIN audit_auditrecord AS trail ON trail.id = report.record
             LEFT JOIN accounts_user AS account ON account.id = trail.by_id""",
)  # fmt: skip

REPORTS = {
    report.name: report
    for report in (
        ORDERS, ORDER_LINES, COMMISSIONS, AFFILIATES, CLICKS, CLICKS_BY_DAY, STATEMENTS, STATEMENT_LINES, ADJUSTMENTS,
        PAYOUTS, LEDGER, AUDIT,
    )
}  # fmt: skip


def iter_permitted(user: User) -> Iterator[Report]:
    """Yield the reports that `user` may download."""
    return (report for report in REPORTS.values() if user.has_perm(report.permission))
