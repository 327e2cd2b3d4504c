"""Admin actions on selected rows: each is done or skipped on its own (lib.admin.bulk_action)."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError

from accounts import api_keys
from accounts.models import ApiKey
from audit.models import AuditRecord
from lib.admin import bulk_action
from lib.admin.actions import ReasonForm
from lib.admin.bulk_action import run_for_each
from lib.errors import NotAllowed
from tests.factories import NOW
from tests.lib.test_staff_actions import build_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys() -> list[ApiKey]:
    return [api_keys.create(name=name, now=NOW, by=None)[0] for name in ("one", "two", "three")]


def run(do: Any, data: dict[str, str] | None = None, obstacles: dict[Any, str] | None = None) -> tuple[Any, list[str]]:
    """Return the response and the messages of the action on all keys, in the order of their names."""
    request = build_request({"confirmed": "1", "reason": "because"} if data is None else data)
    response = run_for_each(
        request, admin.site._registry[ApiKey], ApiKey.objects.order_by("name"), ReasonForm, "Archive keys", do,
        find_obstacles=lambda _rows: obstacles or {}, count_done=lambda count: f"{count} archived.",
    )  # fmt: skip
    return response, [str(message) for message in get_messages(request)]


def archive(refused: dict[str, Exception]) -> Any:
    def do(key: ApiKey, answers: dict[str, Any]) -> None:
        AuditRecord.objects.create(at=NOW, action=key.name, reason=answers["reason"], subject_type="x", subject_id="1")
        if key.name in refused:
            raise refused[key.name]

    return do


def list_archived() -> list[str]:
    return sorted(AuditRecord.objects.filter(reason="because").values_list("action", flat=True))


def test_rows_that_are_refused_are_skipped_and_named_with_the_reason(keys: list[ApiKey]) -> None:
    refused = {"one": NotAllowed("Too late."), "three": ValidationError({"elsewhere": "three is odd."})}
    response, messages = run(archive(refused))
    assert response.status_code == 302
    assert list_archived() == ["two"]  # what was done for the others before they were refused is undone
    assert messages == ["1 archived.<br>two", "2 were skipped:<br>one: Too late.<br>three is odd."]


def test_all_rows_refused_for_a_field_show_the_form_again(keys: list[ApiKey]) -> None:
    error = ValidationError({"reason": "Say more."})
    response, messages = run(archive(dict.fromkeys(("one", "two", "three"), error)))
    assert (response.status_code, messages, list_archived()) == (200, [], [])
    assert response.context_data["form"].errors == {"reason": ["Say more."]}


def test_confirmation_names_rows_and_those_that_will_be_skipped(keys: list[ApiKey]) -> None:
    response, _messages = run(archive({}), {}, {keys[0].pk: "It is in use."})
    page = response.rendered_content
    assert list_archived() == []
    assert "<li>two</li>" in page
    assert "<li>one: It is in use.</li>" in page
    assert 'type="submit"' in page


def test_confirmation_without_any_possible_row_has_no_button(keys: list[ApiKey]) -> None:
    response, _messages = run(archive({}), {}, {key.pk: "No." for key in keys})
    assert 'name="reason"' not in response.rendered_content


def test_rows_beyond_the_limit_are_left_and_counted(keys: list[ApiKey], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_action, "MAX_ROWS", 2)
    _response, messages = run(archive({}))
    assert list_archived() == ["one", "three"]
    assert messages[1] == "1 more was selected. Repeat the action for it."


def test_names_are_escaped_in_messages(keys: list[ApiKey]) -> None:
    ApiKey.objects.filter(name="one").update(name="<b>one")
    _response, messages = run(archive({}))
    assert "&lt;b&gt;one" in messages[0]
