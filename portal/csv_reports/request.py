"""What a download asks for: the report, its days, an affiliate, a status; read alike from the API and the staff page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from affiliates.models import Affiliate
from portal.csv_reports.catalog import REPORTS, Report

DAY_FORMAT = "%Y-%m-%d"
FILTERS = ("from", "to", "affiliate", "status")


@dataclass(frozen=True)
class ReportRequest:
    """A report of the days `first` to `last`, both included and None for no bound, in the program's time zone."""

    report: Report
    first: date | None = None
    last: date | None = None
    affiliate: Affiliate | None = None
    status: str = ""

    @property
    def file_name(self) -> str:
        days = "-".join(day.isoformat() for day in (self.first, self.last) if day)
        return f"{self.report.name}-{days}.csv" if days else f"{self.report.name}.csv"

    def describe(self) -> dict[str, str]:
        """Return what was asked for, for the audit trail; the affiliate by its id, which erasure keeps."""
        return {
            "report": self.report.name,
            "from": str(self.first or ""),
            "to": str(self.last or ""),
            "affiliate": str(self.affiliate.pk) if self.affiliate else "",
            "status": self.status,
        }

    def build_query(self, zone: ZoneInfo) -> tuple[str, list[object]]:
        """Return the SELECT of the report's rows, and its values."""
        report, conditions, values = self.report, ["TRUE"], list[object]()

        def add(condition: str, *more: object) -> None:
            conditions.append(f"report.{condition}")
            values.extend(more)

        start_of_day = "%s::date" if report.is_day else "%s::date::timestamp AT TIME ZONE %s"
        end_of_day = "%s::date + 1" if report.is_day else "(%s::date + 1)::timestamp AT TIME ZONE %s"
        zones = () if report.is_day else (zone.key,)
        if self.first:
            add(f"{report.time} >= {start_of_day}", self.first, *zones)
        if self.last:
            add(f"{report.time} < {end_of_day}", self.last, *zones)
        if self.affiliate:
            add("affiliate = %s", self.affiliate.code)
        if self.status:
            add("status = %s", self.status)
        columns = [f"report.{name}" for name in report.columns] + list(report.personal.values())
        order = ", ".join(f"report.{name}" for name in (report.time, *report.order))
        query = f"""
            SELECT {", ".join(columns)} FROM reporting.{report.name} AS report {report.joins}
             WHERE {" AND ".join(conditions)} ORDER BY {order}
        """  # noqa: S608
        return query, values


class ReportForm(forms.Form):
    """The fields of a download. `build_request` returns what they ask for."""

    report = forms.ChoiceField(label=gettext_lazy("Report"), widget=UnfoldAdminSelectWidget)
    affiliate = forms.CharField(
        label=gettext_lazy("Affiliate code"), required=False, max_length=32, widget=UnfoldAdminTextInputWidget
    )  # fmt: skip
    status = forms.CharField(
        label=gettext_lazy("Status"), required=False, max_length=20, widget=UnfoldAdminTextInputWidget
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None = None, *, reports: Iterable[Report], **more: Any) -> None:
        super().__init__(data, **more)
        labels = [(report.name, str(report.title).capitalize()) for report in reports]
        self.fields["report"].widget.choices = self.fields["report"].choices = labels  # type: ignore[attr-defined]
        # "from" is a keyword of Python, so these cannot be declared above.
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.DateField(
                label=label, required=False, input_formats=[DAY_FORMAT],
                widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
                error_messages={"invalid": _("Enter a day such as 2026-01-31.")},
            )  # fmt: skip
        self.order_fields(("report", *FILTERS))

    def clean_affiliate(self) -> Affiliate | None:
        code = self.cleaned_data["affiliate"].strip()
        if not code:
            return None
        affiliate = Affiliate.objects.filter(code__iexact=code).first()
        if affiliate is None:
            raise ValidationError(_("No affiliate has this code."))
        return affiliate

    def clean(self) -> None:
        """Check the fields against each other and against the report."""
        values = self.cleaned_data
        first, last, report = values.get("from"), values.get("to"), REPORTS.get(values.get("report", ""))
        if first and last and last < first:
            self.add_error("to", _("The last day is before the first one."))
        if report is None:
            return
        if values.get("affiliate") and not report.has_affiliate:
            self.add_error("affiliate", _("The rows of this report belong to no affiliate."))
        status = values.get("status", "")
        if status and not report.statuses:
            self.add_error("status", _("The rows of this report have no status."))
        elif status and status not in report.statuses:
            self.add_error("status", _("Use one of: %(known)s.") % {"known": ", ".join(report.statuses)})

    def build_request(self) -> ReportRequest:
        """Return the request of a valid form."""
        values = self.cleaned_data
        return ReportRequest(
            REPORTS[values["report"]], values["from"], values["to"], values["affiliate"], values["status"]
        )
