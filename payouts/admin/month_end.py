"""The month's end as a guided page: each step with who did it and what is next (specification 6)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from agreements.periods import get_program_time_zone
from agreements.program_currency import get_program_currency
from lib.admin.pages import build_changelist_url
from lib.formatting import format_datetime, format_money, format_month
from payouts.admin.bases import money_page
from payouts.admin.payouts import CAME_BACK
from payouts.closing.close import get_month_to_close
from payouts.disbursement.month_end import BatchProgress, MonthEnd, Step, find_month_end, list_unfinished_retries
from payouts.models import Close, Payout, PayoutBatch, Statement

RECENT_MONTHS = 6
MAX_CAME_BACK = 25

# Of a close: the sum of all but the last two, less the payouts, is what is carried over.
_SUM = ("opening", "settled", "adjustments", "returned", "paid", "carried")
_PERMISSIONS = {
    Step.DRY_RUN: "payouts.close_month",
    Step.CLOSE: "payouts.close_month",
    Step.SUBMIT: "payouts.submit_payoutbatch",
    Step.APPROVE: "payouts.approve_payoutbatch",
    Step.EXPORT: "payouts.export_payoutbatch",
    Step.RESULTS: "payouts.export_payoutbatch",
}
_NEXT = {
    Step.SUBMIT: gettext_lazy("submit it"),
    Step.APPROVE: gettext_lazy("approve it"),
    Step.EXPORT: gettext_lazy("export its payment files"),
    Step.RESULTS: gettext_lazy("import its results"),
}


class Link(NamedTuple):
    label: str
    url: str


class BatchRow(NamedTuple):
    """A batch as the page lists it: its payouts with their sum, what is next ("" for nothing) and what is in the way."""

    batch: PayoutBatch
    payouts: str
    next: str
    blocked: str


class StepRow(NamedTuple):
    """A step as the page shows it; `state` is done, now or later, `refusal` says why the reader can't do it now."""

    title: str
    state: str
    lines: list[str]
    by: str = ""
    at: datetime | None = None
    links: list[Link] = []
    refusal: str = ""


def render_month_end(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Show the month that `?month=2026-10` names, else the one with work to do."""
    chosen = _read_month(request.GET.get("month", ""))
    found = find_month_end(chosen, now=timezone.now())
    if chosen and found is None:
        raise Http404
    return money_page(
        model_admin,
        request,
        "admin/payouts/month_end.html",
        _("Month-end"),
        month=format_month(found.month.first_day) if found else "",
        found=found,
        steps=_Steps(found, request).build_rows() if found else [],
        months=_list_months(),
        batches=list(map(_describe_progress, found.batches)) if found else [],
        is_done=found is not None and not found.current and all(one.step is None for one in found.batches),
        retries=list(map(_describe_progress, list_unfinished_retries(timezone.now()))),
        came_back=Payout.objects.came_back().select_related("affiliate").order_by("returned_at", "pk")[:MAX_CAME_BACK],
        came_back_url=build_changelist_url(Payout, "came_back=open"),
        came_back_text=CAME_BACK,
        back=reverse("admin:index"),
    )


def _describe_progress(progress: BatchProgress) -> BatchRow:
    text = ngettext("%(count)s payout, %(total)s", "%(count)s payouts, %(total)s", progress.payouts)
    total = format_money(progress.total, get_program_currency())
    blocked = ngettext(
        "%(count)s payout cannot be sent now: see why on the page of the batch.",
        "%(count)s payouts cannot be sent now: see why on the page of the batch.",
        progress.blocked,
    )
    return BatchRow(
        progress.batch,
        text % {"count": progress.payouts, "total": total},
        str(_NEXT[progress.step]) if progress.step else "",
        blocked % {"count": progress.blocked} if progress.blocked else "",
    )


def _read_month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError as error:
        raise Http404 from error


def _list_months() -> list[Link]:
    """Return links to the open month and the last closed ones, newest first."""
    open_month = get_month_to_close()
    closed = Close.objects.order_by("-period").values_list("period", flat=True)[:RECENT_MONTHS]
    days = [*([open_month.first_day] if open_month else []), *closed]
    return [Link(format_month(day), f"?month={day:%Y-%m}") for day in days]


class _Steps:
    """Builds the rows of one month for one reader."""

    def __init__(self, found: MonthEnd, request: HttpRequest) -> None:
        self.found, self.request, self.currency = found, request, get_program_currency()

    def build_rows(self) -> list[StepRow]:
        opening = [self._build_dry_run(), self._build_close()]
        if self.found.close and not self.found.batch:
            return opening
        return [*opening, self._build_submission(), self._build_approval(), self._build_export(), self._build_results()]

    def _build(self, step: Step, title: str, lines: list[str], *, own: list[Link], **values: Any) -> StepRow:
        """Return a row. Its own links are offered while the step is next, to those who have its permission."""
        current = self.found.current
        order = list(Step)
        is_now = step == current or (step == Step.DRY_RUN and current == Step.CLOSE)
        is_done = not is_now and (current is None or order.index(step) < order.index(current))
        refusal = values.pop("refusal", "")
        if is_now and not self.request.user.has_perm(_PERMISSIONS[step]):
            refusal = _("Your account doesn’t have permission for this step. Another member of staff has to do it.")
        links = [*values.pop("links", []), *(own if is_now and not refusal else [])]
        state = "now" if is_now else "done" if is_done else "later"
        return StepRow(title, state, lines, links=links, refusal=refusal if is_now else "", **values)

    def _build_dry_run(self) -> StepRow:
        text = _("Every statement that the close would make, what is unusual, and three earlier months beside it.")
        own = [Link(_("Open the dry run"), reverse("admin:payouts_close_close_next"))]
        return self._build(Step.DRY_RUN, _("Look at the dry run"), [text, _("Nothing is stored.")], own=own)

    def _build_close(self) -> StepRow:
        found, title = self.found, _("Close the month")
        if found.close and found.summary:
            summary = found.summary
            lines = [
                ngettext("%(count)s statement", "%(count)s statements", summary.statements)
                % {"count": summary.statements},
                _(
                    "Opening balances %(opening)s + commissions settled %(settled)s + adjustments %(adjustments)s"
                    " + payouts failed, returned or cancelled %(returned)s − payouts %(paid)s = %(carried)s carried over"
                )
                % {name: self._format(getattr(summary, name)) for name in _SUM},
            ]
            if summary.exceptions:
                text = ngettext("%(count)s close exception", "%(count)s close exceptions", summary.exceptions)
                lines.append(text % {"count": summary.exceptions})
            if not found.batch:
                lines.append(_("No payout was due, so nothing is left to do."))
            links = [
                Link(_("The close"), reverse("admin:payouts_close_change", args=[found.close.pk])),
                Link(_("Its statements"), build_changelist_url(Statement, f"close__id__exact={found.close.pk}")),
            ]
            by = str(found.close.closed_by or _("Automatic"))
            return self._build(Step.CLOSE, title, lines, own=[], links=links, by=by, at=found.close.closed_at)
        own = [Link(_("Open the dry run, and close"), reverse("admin:payouts_close_close_next"))]
        return self._build(Step.CLOSE, title, [] if found.current == Step.CLOSE else self._list_close_times(), own=own)

    def _list_close_times(self) -> list[str]:
        """Say from when a running month can be closed, and when that happens without anyone."""
        zone = get_program_time_zone()
        lines = [
            _("It can be closed from %(at)s on. Until then, the dry run shows what the close would do.")
            % {"at": format_datetime(self.found.month.ends_at, zone)}
        ]
        if self.found.closes_at:
            text = _("If no one closes it, it is closed automatically on %(at)s.")
            lines.append(text % {"at": format_datetime(self.found.closes_at, zone)})
        return lines

    def _build_submission(self) -> StepRow:
        batch = self.found.batch
        lines = [_("The close drafts a payout for each balance that is due.")]
        if batch:
            lines = [self._describe_batch(batch)]
        if self.found.current == Step.SUBMIT:
            lines += self._list_warnings()
        own = [Link(_("Submit"), self._build_url("submit"))]
        by, at = _describe_person(batch.submitted_by if batch else None), batch.submitted_at if batch else None
        return self._build(Step.SUBMIT, _("Submit the payouts"), lines, own=own, links=self._link_batch(), by=by, at=at)

    def _build_approval(self) -> StepRow:
        batch, refusal = self.found.batch, ""
        if batch and batch.submitted_by_id == self.request.user.pk:
            refusal = _("You submitted these payouts, so another member of staff has to approve them.")
        lines = [_("By someone who did not submit them. The page shows each payee, amount and account.")]
        if self.found.current == Step.APPROVE:
            lines += self._list_warnings()
        own = [Link(_("Look at the payouts, and approve"), self._build_url("approve"))]
        by, at = _describe_person(batch.approved_by if batch else None), batch.approved_at if batch else None
        return self._build(Step.APPROVE, _("Approve the payouts"), lines, own=own, refusal=refusal, by=by, at=at)

    def _build_export(self) -> StepRow:
        batch = self.found.batch
        lines = [_("One file for each payout method, for the bank or provider. Affiliates are notified.")]
        own = [Link(_("Export"), self._build_url("export"))]
        links = [Link(_("Files"), f"{self._build_url('change')}#files")] if batch and batch.sent_at else []
        at = batch.sent_at if batch else None
        file = batch.files.select_related("made_by").order_by("made_at").first() if batch and at else None
        by = _describe_person(file.made_by if file else None)
        return self._build(Step.EXPORT, _("Export the payment files"), lines, own=own, links=links, by=by, at=at)

    def _build_results(self) -> StepRow:
        results, batch = self.found.results, self.found.batch
        lines = [_("Paid and failed payouts, from the file of the bank or provider.")]
        if any(results):
            lines = [
                _("%(paid)s paid, %(failed)s failed, %(returned)s returned, %(waiting)s without a result")
                % results._asdict()
            ]
        own = [
            Link(_("Import results"), reverse("admin:payouts_payoutbatch_import_results")),
            Link(_("Mark all as paid"), self._build_url("mark_paid")),
        ]
        failed = f"batch__id__exact={batch.pk}&state__exact=failed" if batch else ""
        links = [Link(_("Failed payouts"), build_changelist_url(Payout, failed))] if results.failed else []
        return self._build(Step.RESULTS, _("Import the results"), lines, own=own, links=links)

    def _describe_batch(self, batch: PayoutBatch) -> str:
        progress = next((one for one in self.found.batches if one.batch == batch), None)
        if progress:
            return _describe_progress(progress).payouts
        summary = self.found.summary
        if summary is None:
            return batch.name
        text = ngettext("%(count)s payout, %(total)s", "%(count)s payouts, %(total)s", summary.payouts)
        return text % {"count": summary.payouts, "total": self._format(summary.paid)}

    def _list_warnings(self) -> list[str]:
        count = self.found.unusual
        text = ngettext(
            "%(count)s payout is unusual; the page of the approval says why.",
            "%(count)s payouts are unusual; the page of the approval says why.",
            count,
        )
        return [text % {"count": count}] * bool(count) + [
            _("Unusual: %(warning)s (%(count)s)") % {"warning": warning.label, "count": count}
            for warning, count in self.found.warnings.items()
        ]

    def _link_batch(self) -> list[Link]:
        return [Link(_("The batch"), self._build_url("change"))] if self.found.batch else []

    def _build_url(self, page: str) -> str:
        return reverse(f"admin:payouts_payoutbatch_{page}", args=[self.found.batch.pk]) if self.found.batch else ""

    def _format(self, amount: Any) -> str:
        return format_money(amount, self.currency)


def _describe_person(user: User | None) -> str:
    return str(user) if user else ""
