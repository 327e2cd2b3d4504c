"""Admin actions on the rows selected in a list: each row is done, or skipped with the reason, on its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import model_ngettext
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.admin.actions import CONFIRMED, Preview, add_field_errors, is_preview, render_page
from lib.errors import NotAllowed

# More rows would take longer than a request may. Staff repeat the action for the others.
MAX_ROWS = 500
MAX_NAMED = 50


class SkippedRow(NamedTuple):
    name: str
    reason: str


@dataclass
class Outcome:
    """What became of the rows: the names of those done, and those skipped with the reasons."""

    done: list[str] = field(default_factory=list)
    skipped: list[SkippedRow] = field(default_factory=list)
    errors: list[ValidationError] = field(default_factory=list)


class SelectedRows(NamedTuple):
    """The selected rows as the confirmation names them; `more_*` say how many names were left out."""

    names: list[str]
    more_names: int
    skipped: list[SkippedRow]
    more_skipped: int
    # How many rows are left for the next time.
    left: int


def run_for_each(
    request: HttpRequest,
    admin: "ModelAdmin[Any]",
    queryset: QuerySet[Any],
    form_class: type[forms.Form],
    title: str,
    do: Callable[[Any, dict[str, Any]], object],
    *,
    find_obstacles: Callable[[Sequence[Any]], Mapping[Any, str]],
    count_done: Callable[[int], str],
    explanation: str = "",
    variant: str = "primary",
    preview: Callable[[Any, dict[str, Any] | None], Preview | None] | None = None,
) -> HttpResponse:
    """Name the rows and ask with the form, then call `do` for each row in a transaction of its own.

    A row that `do` refuses with ValidationError, NotAllowed or PermissionDenied is skipped; the others are done.
    `title` may have a `%s` for the rows. `find_obstacles` returns, by primary key, why rows would be skipped, as far as
    it is known beforehand. Afterwards staff are back on the list with the filters that they had set.
    """
    selected = queryset.count()
    rows = list(queryset[:MAX_ROWS])
    form = form_class(request.POST, request.FILES) if CONFIRMED in request.POST else form_class()
    answers = form.cleaned_data if form.is_bound and form.is_valid() else None
    if answers is not None and not is_preview(request):
        outcome = apply_to_each(rows, lambda row: do(row, answers))
        if outcome.done or not any(add_field_errors(form, error) for error in outcome.errors[:1]):
            _add_messages(request, outcome, count_done, selected - len(rows))
            return HttpResponseRedirect(build_list_url(request))
    obstacles = find_obstacles(rows)
    eligible = [row for row in rows if row.pk not in obstacles]
    title = title % _count_rows(eligible or rows) if "%s" in title else title
    shown = preview(eligible[0], answers) if preview and eligible else None
    return render_page(
        request, admin, form, title, build_list_url(request), explanation, variant, preview=shown,
        selected_rows=_describe_rows(rows, obstacles, selected - len(rows)),
    )  # fmt: skip


def apply_to_each(rows: Sequence[Any], do: Callable[[Any], object]) -> Outcome:
    """Call `do` for each row in a transaction of its own; what it refuses is skipped."""
    outcome = Outcome()
    for row in rows:
        name = str(row)
        try:
            with transaction.atomic():
                do(row)
        except ValidationError as error:
            outcome.errors.append(error)
            outcome.skipped.append(SkippedRow(name, " ".join(error.messages)))
        except (NotAllowed, PermissionDenied) as error:
            reason = str(error) or _("You don't have permission to do this.")
            outcome.skipped.append(SkippedRow(name, reason))
        else:
            outcome.done.append(name)
    return outcome


def build_list_url(request: HttpRequest) -> str:
    """Return the address of the list with its filters, on its first page: the page may no longer exist."""
    query = request.GET.copy()
    query.pop("p", None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _count_rows(rows: Sequence[Any]) -> str:
    """Return the name of a single row, or the number of several rows with the name of their kind."""
    if len(rows) == 1:
        return str(rows[0])
    return f"{len(rows)} {model_ngettext(rows[0]._meta, len(rows))}" if rows else ""


def _describe_rows(rows: Sequence[Any], obstacles: Mapping[Any, str], left: int) -> SelectedRows:
    names = [str(row) for row in rows if row.pk not in obstacles]
    skipped = [SkippedRow(str(row), obstacles[row.pk]) for row in rows if row.pk in obstacles]
    more_names, more_skipped = max(0, len(names) - MAX_NAMED), max(0, len(skipped) - MAX_NAMED)
    return SelectedRows(names[:MAX_NAMED], more_names, skipped[:MAX_NAMED], more_skipped, left)


def _add_messages(request: HttpRequest, outcome: Outcome, count_done: Callable[[int], str], left: int) -> None:
    if outcome.done:
        messages.success(request, _join_lines(count_done(len(outcome.done)), outcome.done))
    if outcome.skipped:
        count = len(outcome.skipped)
        heading = ngettext("%(count)d was skipped:", "%(count)d were skipped:", count) % {"count": count}
        messages.warning(request, _join_lines(heading, [_describe_skipped(row) for row in outcome.skipped]))
    if left:
        text = ngettext(
            "%(count)d more was selected. Repeat the action for it.",
            "%(count)d more were selected. Repeat the action for them.", left,
        )  # fmt: skip
        messages.warning(request, text % {"count": left})


def _describe_skipped(row: SkippedRow) -> str:
    # Many reasons name the row.
    return row.reason if row.name in row.reason else f"{row.name}: {row.reason}"


def _join_lines(heading: str, lines: Sequence[str]) -> SafeString:
    shown = [heading, *lines[:MAX_NAMED]]
    if len(lines) > MAX_NAMED:
        shown.append(_("and %(count)d more") % {"count": len(lines) - MAX_NAMED})
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in shown))
