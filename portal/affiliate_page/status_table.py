"""The status history on the page of an affiliate, with the notices of termination and of missed targets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, CharField, DateTimeField, F, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat, NullIf
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import State, StatusChange
from compliance.models import TargetNotice, TerminationNotice
from lib.formatting import format_datetime
from portal.affiliate_page.tables import MAX_ROWS, Cells, Context, Table

TEXT = TextField()
COLUMNS = ("row_at", "row_kind", "row_text", "row_until", "row_by", "row_reason", "row_clause")


class Row(NamedTuple):
    """A change or a notice. `text` is the state, or the orders of a missed target; `by` is "" for a scheduled task."""

    at: datetime
    kind: str
    text: str
    until: datetime | None
    by: str
    reason: str
    clause: str


def list_changes(context: Context) -> Sequence[Cells]:
    """Return the newest changes and notices, read by one query."""
    first, *others = _build_queries(context)
    rows = [Row(*values) for values in first.union(*others, all=True)]
    rows.sort(key=lambda row: row.at, reverse=True)
    return [
        (format_datetime(row.at), _describe(row), row.by or "–", row.reason or "–", row.clause or "–")
        for row in rows[:MAX_ROWS]
    ]


def _build_queries(context: Context) -> list[QuerySet[Any, Any]]:
    own = {"affiliate": context.affiliate}
    kind = Case(
        When(annuls__isnull=False, then=Value("annulled")),
        When(breach=True, then=Value("breach")),
        default=Value("state"),
    )
    notices = TerminationNotice.objects.filter(**own)
    revoked = notices.filter(state=TerminationNotice.State.REVOKED).exclude(ended_at=None)
    queries = [
        _select(StatusChange.objects.filter(**own), "at", kind, F("after"), F("notice_ends_at"), "by", "reason"),
        _select(notices, "given_at", Value("notice"), Value(""), F("takes_effect_at"), "given_by", "reason"),
        _select(revoked, "ended_at", Value("revoked"), Value(""), Value(None)),
    ]
    if context.user.has_perm("compliance.view_targetnotice"):
        orders = Concat(Cast("orders", TEXT), Value(" / "), Cast("target", TEXT), output_field=TEXT)
        missed = TargetNotice.objects.filter(**own)
        queries.append(_select(missed, "notified_at", Value("missed"), orders, F("cure_by")))
    return queries


def _select(
    rows: QuerySet[Any],
    time: str,
    kind: Combinable,
    text: Combinable,
    until: Combinable,
    by: str = "",
    reason: str = "",
) -> QuerySet[Any, Any]:
    """Return the newest rows as the columns of `Row`; `by` names the field of a user, `reason` that of a text."""
    name, email = NullIf(f"{by}__name", Value("")), f"{by}__email"
    person = Coalesce(name, email, Value(""), output_field=TEXT) if by else Value("")
    columns = {
        "row_at": F(time),
        "row_kind": Cast(kind, CharField()),
        "row_text": Cast(text, TEXT),
        "row_until": Cast(until, DateTimeField()),
        "row_by": Cast(person, TEXT),
        "row_reason": Cast(F(reason) if reason else Value(""), TEXT),
        "row_clause": Cast(F("clause"), TEXT),
    }
    selected: QuerySet[Any, Any] = rows.order_by(f"-{time}", "-pk").annotate(**columns).values_list(*COLUMNS)
    return selected[:MAX_ROWS]


def _describe(row: Row) -> str:
    until = {"at": format_datetime(row.until)} if row.until else {}
    if row.kind == "notice":
        return _("notice of termination until %(at)s") % until
    if row.kind == "revoked":
        return _("notice of termination revoked")
    if row.kind == "missed":
        return _("notice of a missed sales target until %(at)s: %(orders)s orders") % {**until, "orders": row.text}
    state = State(row.text).label
    if row.kind == "annulled":
        return _("%(state)s (annuls an earlier change)") % {"state": state}
    if row.text == State.LEAVING and until:
        return _("%(state)s until %(at)s") % {"state": state, **until}
    return _("%(state)s for breach") % {"state": state} if row.kind == "breach" else str(state)


STATUS_HISTORY = Table(
    gettext_lazy("Status history"),
    "affiliates.view_statuschange",
    (
        *(gettext_lazy("Since"), gettext_lazy("State"), gettext_lazy("By")),
        *(gettext_lazy("Reason"), gettext_lazy("Clause")),
    ),
    list_changes,
    gettext_lazy("No changes of the state."),
    StatusChange,
    build_filter=lambda _affiliate: "",
)
