"""The affiliate's pages of messages."""

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from messaging import conversations
from messaging.models import Conversation
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db
LIST, NEW = "/messages/", "/messages/new/"


@pytest.fixture
def affiliate(client):
    affiliate = make_affiliate(name="Ann Archer")
    client.force_login(affiliate.user)
    return affiliate


def test_affiliate_writes_reads_and_answers(affiliate, client):
    assert "Write to us" in client.get(LIST).content.decode()
    response = client.post(NEW, {"subject": "Pictures", "text": "See <b>https://ann.example/</b>"}, follow=True)
    page = response.content.decode()
    assert "Message sent." in page
    assert "See &lt;b&gt;https://ann.example/&lt;/b&gt;" in page
    assert 'href="https://ann.example' not in page
    conversation = Conversation.objects.get()
    by = make_staff("affiliate managers")
    conversations.answer_affiliate(conversation=conversation, text="Fine.", now=timezone.now(), by=by)
    assert "new message from us" in client.get(LIST).content.decode()
    url = reverse("messaging:conversation", args=[conversation.pk])
    page = client.get(url).content.decode()
    assert settings.PROGRAM_NAME in page
    assert by.name not in page
    assert "new message from us" not in client.get(LIST).content.decode()
    assert client.post(url, {"text": "Thanks."}).status_code == 302
    assert list(conversation.messages.order_by("number").values_list("text", flat=True))[1:] == ["Fine.", "Thanks."]


def test_errors_are_shown_in_the_form(affiliate, client, settings):
    response = client.post(NEW, {"subject": "", "text": "x"})
    assert response.status_code == 422
    assert "This field is required." in response.content.decode()
    assert client.post(NEW, {"subject": "\u200b", "text": "x"}).status_code == 422
    settings.MESSAGES_PER_HOUR = 1
    assert client.post(NEW, {"subject": "x", "text": "x"}).status_code == 302
    response = client.post(NEW, {"subject": "x", "text": "y"})
    assert response.status_code == 429
    assert "You can write 1 message an hour." in response.content.decode()


def test_conversation_of_another_affiliate_is_not_found(affiliate, client):
    other = make_affiliate()
    conversation = conversations.write_to_program(affiliate=other, subject="x", text="x", now=NOW, by=other.user)
    url = reverse("messaging:conversation", args=[conversation.pk])
    assert (client.get(url).status_code, client.post(url, {"text": "x"}).status_code) == (404, 404)
    assert conversation.messages.count() == 1
