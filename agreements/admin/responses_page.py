"""The list of the affiliates whom a version is for, with what each answered (specification 2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from affiliates.models import State
from agreements import version_responses
from agreements.models import AgreementVersion
from agreements.version_responses import Response
from lib.admin.pages import render_admin_page
from lib.csv import Cell
from lib.csv_downloads import stream_csv_response
from lib.keyset import iterate_by_key

PAGE_SIZE = 100
COLUMNS = ("affiliate", "name", "state", "answer", "answered_at")


def render_responses(model_admin: ModelAdmin[Any], request: HttpRequest, version: AgreementVersion) -> HttpResponseBase:
    """Show the list, by pages and filters, or download it with `?export=csv`.

    Raises UnresolvedPlaceholder for a draft whose text cannot be compared yet.
    """
    audience = version_responses.resolve_audience(version, now=timezone.now())
    everyone = version_responses.list_recipients(version, audience)
    state, answer = _read_choice(request, "state", State), _read_choice(request, "answer", Response)
    found = everyone.filter(state=state) if state else everyone
    found = found.filter(response=answer) if answer else found
    if request.GET.get("export") == "csv":
        return stream_csv_response(f"version-{version.name}-answers.csv", COLUMNS, _iter_rows(found))
    rows, following = _read_page(found, request.GET.get("after", ""))
    title = _("Answers to version %s") if version.published_at else _("Affiliates who get version %s")
    return render_admin_page(
        model_admin,
        request,
        "admin/agreements/responses.html",
        title % version.name,
        agreement=version,
        rows=[(row, describe_response(version, row.response)) for row in rows],
        following=following,
        chosen_state=state,
        chosen_answer=answer,
        states=version_responses.count_states(everyone, audience),
        answers=_describe_counts(version, everyone),
        back=reverse("admin:agreements_agreementversion_change", args=[version.pk]),
    )


def describe_response(version: AgreementVersion, response: str) -> str:
    """Return what an affiliate answered, or will have to once a draft is published."""
    if version.published_at is None and response == Response.MISSING:
        return _("asked to accept or decline")
    return str(Response(response).label)


def list_counts(version: AgreementVersion) -> list[tuple[str, str, int]]:
    """Return how many affiliates gave each answer to a published version: code, label and number."""
    audience = version_responses.resolve_audience(version, now=timezone.now())
    return _describe_counts(version, version_responses.list_recipients(version, audience))


def _describe_counts(version: AgreementVersion, everyone: QuerySet[Any]) -> list[tuple[str, str, int]]:
    counts = version_responses.count_responses(everyone)
    if version.published_at is not None:
        counts = {Response.ACCEPTED: 0, **counts}
    return [(str(response), describe_response(version, response), number) for response, number in counts.items()]


def _read_choice(request: HttpRequest, name: str, choices: Any) -> str:
    value = request.GET.get(name, "")
    if value and value not in list(choices):
        raise Http404
    return value


def _read_page(found: QuerySet[Any], after: str) -> tuple[list[Any], str]:
    """Return the rows after the code `after`, and the code after which the next page begins, "" at the end."""
    rows = list(found.filter(code__gt=after).order_by("code")[: PAGE_SIZE + 1])
    return rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].code if len(rows) > PAGE_SIZE else ""


def _iter_rows(found: QuerySet[Any]) -> Iterator[list[Cell]]:
    rows = found.values_list("code", "name", "state", "response", "accepted_at", "declined_at")
    for code, name, state, response, accepted_at, declined_at in iterate_by_key(rows, key="code"):
        yield [code, name, state, response, _format(accepted_at or declined_at)]


def _format(at: datetime | None) -> str:
    return at.isoformat() if at else ""
