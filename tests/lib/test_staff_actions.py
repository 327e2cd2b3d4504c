"""Admin actions of staff (lib.admin)."""

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.urls import reverse

from accounts import api_keys
from accounts.models import ApiKey
from audit.models import AuditRecord
from lib.admin.actions import ReasonForm, UsualReasonForm, run_action
from lib.admin.staff_action import StaffAction, StaffPage
from lib.errors import NotAllowed
from lib.typed import ModelAdmin
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db


class DayForm(ReasonForm):
    day = forms.DateField()


def run(
    data: dict[str, Any] | None, do: Callable[[dict[str, Any]], object], form: type[forms.Form] = ReasonForm
) -> tuple[Any, list[str]]:
    """Return the response to a GET, or to a POST of `data`, and the messages."""
    request = build_request(data)
    response = run_action(request, admin.site._registry[ApiKey], form, "Do it", do, "/back/")
    return response, [str(message) for message in get_messages(request)]


def fail_with(error: Exception) -> Callable[[dict[str, Any]], None]:
    def do(_answers: dict[str, Any]) -> None:
        AuditRecord.objects.create(at=NOW, action="half done", reason="-", subject_type="x", subject_id="1")
        raise error

    return do


def test_action_does_nothing_before_confirmation() -> None:
    done: list[object] = []
    for data in (None, {}, {"reason": "because"}):
        response, _messages = run(data, done.append)
        assert response.status_code == 200
    assert done == []


def test_confirmation_of_a_dangerous_action_has_a_red_button() -> None:
    def confirm(variant: str) -> str:
        request = build_request(None)
        response = run_action(
            request, admin.site._registry[ApiKey], ReasonForm, "Do it", print, "/back/", variant=variant
        )
        assert isinstance(response, TemplateResponse)
        return response.rendered_content

    assert "bg-red-600" in confirm("danger")
    assert "bg-red-600" not in confirm("primary")


def test_confirmed_action_gets_form_data_and_redirects() -> None:
    done: list[dict[str, Any]] = []
    response, messages = run({"confirmed": "1", "reason": " because "}, done.append)
    assert (response.status_code, response["Location"], messages) == (302, "/back/", ["Done: Do it"])
    assert done == [{"reason": "because"}]


def test_action_is_not_run_with_invalid_form() -> None:
    done: list[object] = []
    response, _messages = run({"confirmed": "1", "reason": ""}, done.append)
    assert response.status_code == 200
    assert done == []


@pytest.mark.parametrize(
    ("error", "message", "status"),
    [
        (NotAllowed("Too late."), "Too late.", 302),
        (ValidationError("Invalid."), "Invalid.", 200),
        (ValidationError({"elsewhere": "Not there."}), "Not there.", 200),
        (PermissionDenied(), "You don't have permission to do this.", 302),
    ],
)
def test_rejected_action_shows_message_and_rolls_back(error: Exception, message: str, status: int) -> None:
    response, messages = run({"confirmed": "1", "reason": "because"}, fail_with(error))
    assert (response.status_code, messages) == (status, [message])
    # What was typed stays if the same person could still do it.
    assert status == 302 or response.context_data["form"]["reason"].value() == "because"
    assert not AuditRecord.objects.filter(action="half done").exists()


def test_field_error_keeps_the_form_with_its_values() -> None:
    sent = {"confirmed": "1", "reason": "because", "day": "2026-03-01"}
    response, messages = run(sent, fail_with(ValidationError({"day": "Too early."})), DayForm)
    assert (response.status_code, messages) == (200, [])
    form = response.context_data["form"]
    assert form.errors == {"day": ["Too early."]}
    assert form["reason"].value() == "because"
    assert not AuditRecord.objects.filter(action="half done").exists()


def test_confirmation_of_list_action_keeps_selected_rows() -> None:
    response, _messages = run({"action": "revoke", "_selected_action": ["1", "2"], "select_across": "0"}, print)
    assert response.context_data["carried"] == [
        ("confirmed", "1"),
        ("action", "revoke"),
        ("select_across", "0"),
        ("_selected_action", "1"),
        ("_selected_action", "2"),
    ]


done: list[tuple[str, str, object]] = []


class ExampleAdmin(ModelAdmin):
    archive = StaffAction(
        "Archive",
        permission="accounts.change_apikey",
        rows=Q(revoked_at=None),
        form=ReasonForm,
        do=lambda key, answers, _now, by: done.append((key.name, answers["reason"], by)),
        title=lambda key: f"Archive {key}",
        success=lambda key: f"{key} archived.",
        list_label="Archive keys",
        list_title="Archive %s",
    )

    @StaffPage("Details", permission="accounts.view_apikey", rows=Q(revoked_at=None))
    def details(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponse(f"details of {object_id}")


@pytest.fixture
def example_admin() -> Any:
    done.clear()
    return ExampleAdmin(ApiKey, admin.site)


@pytest.fixture
def keys() -> list[ApiKey]:
    return [api_keys.create(name=name, now=NOW, by=None)[0] for name in ("one", "two")]


def build_request(data: dict[str, Any] | None = None, *, superuser: bool = True) -> Any:
    request: Any = RequestFactory().get("/x/") if data is None else RequestFactory().post("/x/", data)
    request.user = make_staff(superuser=superuser)
    request.session = {}  # enough for messages
    request._messages = FallbackStorage(request)  # as the middleware does
    return request


def test_staff_action_of_a_row_runs_after_confirmation(example_admin: Any, keys: list[ApiKey]) -> None:
    page = example_admin.archive(build_request(), str(keys[0].pk))
    assert (page.status_code, page.context_data["title"], done) == (200, "Archive one", [])
    request = build_request({"confirmed": "1", "reason": "unused"})
    response = example_admin.archive(request, str(keys[0].pk))
    assert response["Location"] == reverse("admin:accounts_apikey_change", args=[keys[0].pk])
    assert done == [("one", "unused", request.user)]
    assert [str(message) for message in get_messages(request)] == ["one archived."]


def test_staff_action_of_selected_rows_runs_for_each(example_admin: Any, keys: list[ApiKey]) -> None:
    page = example_admin.archive_selected(build_request({"action": "archive_selected"}), ApiKey.objects.all())
    assert (page.context_data["title"], done) == ("Archive 2 API keys", [])
    request = build_request({"confirmed": "1", "reason": "unused"})
    response = example_admin.archive_selected(request, ApiKey.objects.all())
    assert response["Location"] == "/x/"  # the list that it was posted to
    assert sorted(name for name, _reason, _by in done) == ["one", "two"]


@pytest.mark.parametrize("name", ["archive", "details"])
def test_staff_action_and_page_require_their_permission(example_admin: Any, keys: list[ApiKey], name: str) -> None:
    request = build_request({"confirmed": "1", "reason": "x"}, superuser=False)
    with pytest.raises(PermissionDenied):
        getattr(example_admin, name)(request, str(keys[0].pk))
    assert done == []


@pytest.mark.parametrize("name", ["archive", "details"])
def test_button_is_shown_on_offered_rows_only_but_post_is_passed_on(
    example_admin: Any, keys: list[ApiKey], name: str
) -> None:
    api_keys.revoke(key=keys[1], reason="leaked", now=NOW, by=None)
    has_permission = getattr(example_admin, f"has_{name}_permission")
    assert has_permission(build_request(), str(keys[0].pk))
    assert not has_permission(build_request(), str(keys[1].pk))
    assert has_permission(build_request({}), str(keys[1].pk))


def test_staff_page_renders_its_method(example_admin: Any, keys: list[ApiKey]) -> None:
    assert example_admin.details(build_request(), str(keys[0].pk)).content.decode() == f"details of {keys[0].pk}"


class RoutineForm(UsualReasonForm):
    usual_reason = "Meets the requirements."


def test_usual_reason_is_filled_in_and_replaces_an_empty_one() -> None:
    done: list[dict[str, Any]] = []
    page, _messages = run(None, done.append, RoutineForm)
    assert page.context_data["form"]["reason"].value() == "Meets the requirements."
    for given in ("", " ", "Recommended by sales."):
        run({"confirmed": "1", "reason": given}, done.append, RoutineForm)
    assert [answers["reason"] for answers in done] == [*["Meets the requirements."] * 2, "Recommended by sales."]
