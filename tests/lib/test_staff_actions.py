"""An action of staff ..."""

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import ApiKey
from audit.models import AuditRecord
from lib.admin.actions import ReasonForm, run_action
from lib.errors import NotAllowed
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db


class DayForm(ReasonForm):
    day = forms.DateField()


def run(
    data: dict[str, Any] | None, do: Callable[[dict[str, Any]], object], form: type[forms.Form] = ReasonForm
) -> tuple[HttpResponse, list[str]]:
    """The answer to a GET, or to a POST of `data`, and the messages that were left."""
    request: HttpRequest = RequestFactory().get("/x/") if data is None else RequestFactory().post("/x/", data)
    request.user = make_staff(superuser=True)
    request.session = {}  # type: ignore[assignment]  # enough for messages
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # as the middleware does
    answer = run_action(request, admin.site._registry[ApiKey], form, "Do it", do, "/back/")
    return answer, [str(message) for message in get_messages(request)]


def refuse(refusal: Exception) -> Callable[[dict[str, Any]], None]:
    def do(_answers: dict[str, Any]) -> None:
        AuditRecord.objects.create(at=NOW, action="half done", subject_type="x", subject_id="1")
        raise refusal

    return do


def test_asks_first_and_does_nothing_yet() -> None:
    done: list[object] = []
    for data in (None, {}, {"reason": "because"}):
        answer, _messages = run(data, done.append)
        assert answer.status_code == 200
    assert done == []


def test_is_done_with_the_answers_and_goes_back() -> None:
    done: list[dict[str, Any]] = []
    answer, said = run({"confirmed": "1", "reason": " because "}, done.append)
    assert (answer.status_code, answer["Location"], said) == (302, "/back/", ["Done: Do it"])
    assert done == [{"reason": "because"}]


def test_is_not_done_without_what_the_form_asks_for() -> None:
    done: list[object] = []
    answer, _said = run({"confirmed": "1", "reason": ""}, done.append)
    assert answer.status_code == 200
    assert done == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (NotAllowed("Too late."), "Too late."),
        (ValidationError("Not so."), "Not so."),
        (ValidationError({"elsewhere": "Not there."}), "Not there."),
        (PermissionDenied(), "You don't have permission to do this."),
    ],
)
def test_that_is_refused_says_why_and_leaves_nothing_half_done(refusal: Exception, said: str) -> None:
    answer, messages = run({"confirmed": "1", "reason": "because"}, refuse(refusal))
    assert (answer.status_code, messages) == (302, [said])
    assert not AuditRecord.objects.filter(action="half done").exists()


def test_that_is_refused_by_a_field_of_the_form_is_asked_again_with_what_was_filled_in() -> None:
    sent = {"confirmed": "1", "reason": "because", "day": "2026-03-01"}
    answer, messages = run(sent, refuse(ValidationError({"day": "Too early."})), DayForm)
    assert (answer.status_code, messages) == (200, [])
    form = answer.context_data["form"]  # type: ignore[attr-defined]  # a TemplateResponse
    assert form.errors == {"day": ["Too early."]}
    assert form["reason"].value() == "because"
    assert not AuditRecord.objects.filter(action="half done").exists()


def test_keeps_the_rows_that_were_chosen_in_a_list() -> None:
    answer, _said = run({"action": "revoke", "_selected_action": ["1", "2"], "select_across": "0"}, print)
    assert answer.context_data["carried"] == [  # type: ignore[attr-defined]  # a TemplateResponse
        ("action", "revoke"),
        ("select_across", "0"),
        ("_selected_action", "1"),
        ("_selected_action", "2"),
    ]
