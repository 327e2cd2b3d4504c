"""What affiliate managers set for applications."""

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.models import ApplicationQuestion, RejectionTemplate
from audit.models import AuditRecord
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

QUESTIONS = reverse("admin:affiliates_applicationquestion_add")
TEMPLATES = reverse("admin:affiliates_rejectiontemplate_add")


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_staff("affiliate managers"))
    return client


def test_question_is_added_with_an_audit_record(manager: Client, settings: object) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]  # type: ignore[attr-defined]
    assert "Question in German" in manager.get(QUESTIONS).content.decode()
    form = {"position": "1", "text": " How do  you promote? ", "is_active": "on", "text_de": "Wie werben Sie?"}
    assert manager.post(QUESTIONS, form).status_code == 302
    question = ApplicationQuestion.objects.get()
    assert (question.text, question.translations) == ("How do you promote?", {"de": "Wie werben Sie?"})
    record = AuditRecord.objects.get(action="applicationquestion added")
    assert record.after["text"] == "How do you promote?"
    page = manager.get(reverse("admin:affiliates_applicationquestion_change", args=[question.pk])).content.decode()
    assert 'value="Wie werben Sie?"' in page


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"position": "1", "text": "Again?"}, "already exists"),
        ({"position": "4", "text": "A fourth?"}, "Select a valid choice"),
        ({"position": "2", "text": "\u200b"}, "Enter a question"),
        ({"position": "2", "text": "x" * 301}, "at most 300 characters"),
    ],
)
def test_question_that_cannot_be_stored_is_refused_at_the_field(
    manager: Client, form: dict[str, str], message: str
) -> None:
    ApplicationQuestion.objects.create(position=1, text="How?")
    response = manager.post(QUESTIONS, form)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert ApplicationQuestion.objects.count() == 1


def test_template_is_added_and_offered_for_a_rejection(manager: Client) -> None:
    assert manager.post(TEMPLATES, {"name": "Readers", "text": "Too few readers, {name}."}).status_code == 302
    assert RejectionTemplate.objects.get().text == "Too few readers, {name}."
    assert AuditRecord.objects.filter(action="rejectiontemplate added").count() == 1
