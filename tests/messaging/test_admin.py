"""The inbox of staff and announcements in the admin."""

import re

import pytest
from django.urls import reverse

from affiliates import staff_notes
from affiliates.models import AffiliateTag
from mail.models import Message
from messaging import conversations
from messaging.models import Announcement, Conversation
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db
INBOX = "/admin/messaging/conversation/"


@pytest.fixture
def manager(client):
    manager = make_staff("affiliate managers")
    client.force_login(manager)
    return manager


def write(affiliate, subject):
    return conversations.write_to_program(affiliate=affiliate, subject=subject, text="Hm?", now=NOW, by=affiliate.user)


def test_inbox_lists_new_conversations_first(manager, client):
    affiliate = make_affiliate()
    answered, read, unread = (write(affiliate, subject) for subject in ("Answered", "Opened", "Unopened"))
    conversations.answer_affiliate(conversation=answered, text="x", now=NOW, by=manager)
    assert client.get(f"{INBOX}{read.pk}/change/").status_code == 200
    page = client.get(INBOX).content.decode()
    assert page.index("Unopened") < page.index("Opened</a>") < page.index("Answered</a>")
    page = client.get(f"{INBOX}?state__in=unread,read").content.decode()
    assert unread.subject in page
    assert "Answered</a>" not in page
    assert "Messages to answer" in client.get("/admin/").content.decode()


def test_staff_answer_on_the_page_of_the_conversation(manager, client):
    conversation = write(make_affiliate(name="Ann Archer"), "Pictures")
    page = client.get(f"{INBOX}{conversation.pk}/change/").content.decode()
    assert "Hm?" in page
    assert "Ann Archer" in page
    # The state is words, and not a name of the code.
    assert "to answer" in page
    assert "&#x27;read&#x27;" not in page
    assert "No answer needed" in page
    url = reverse("admin:messaging_conversation_answer", args=[conversation.pk])
    assert f'action="{url}"' in page
    assert client.post(url, {"confirmed": "1", "text": "Yes."}).status_code == 302
    conversation.refresh_from_db()
    assert conversation.state == "answered"
    assert conversation.messages.get(number=2).by == manager
    page = client.get(f"{INBOX}{conversation.pk}/change/").content.decode()
    assert "waiting for the affiliate" in page
    # They have not opened the answer; that they wrote themselves is no reading.
    assert re.search(r"Read by the affiliate.{0,900}?>\s*-\s*<", page, re.DOTALL | re.IGNORECASE)
    assert "&#x27;answered&#x27;" not in page
    assert "No answer needed" not in page


def test_staff_write_from_the_affiliates_page(manager, client):
    affiliate = make_affiliate()
    response = client.get(reverse("admin:affiliates_affiliate_write_message", args=[affiliate.pk]), follow=True)
    assert f'value="{affiliate.code}"' in response.content.decode()
    answers = {"confirmed": "1", "affiliate": affiliate.code, "subject": "Your post", "text": "Nice."}
    assert client.post(reverse("admin:messaging_conversation_write"), answers).status_code == 302
    assert Conversation.objects.get().affiliate == affiliate
    assert Message.objects.filter(kind="message_received", user=affiliate.user).count() == 1
    response = client.post(reverse("admin:messaging_conversation_write"), answers | {"affiliate": "NONE"})
    assert "No affiliate has this code, name or e-mail address." in response.content.decode()


def test_announcement_is_drafted_previewed_tested_and_sent(manager, client):
    ann = make_affiliate(name="Ann Archer", country="DE")
    make_affiliate(name="Ben Baker", country="GB")
    answers = {"subject": "The spring catalog", "text": "It is online.", "countries": ["DE"], "activity": ""}
    response = client.post("/admin/messaging/announcement/add/", answers)
    assert response.status_code == 302, response.context["form"].errors if response.context else ""
    announcement = Announcement.objects.get()
    assert (announcement.created_by, announcement.countries, announcement.states) == (manager, ["DE"], [])
    address = f"/admin/messaging/announcement/{announcement.pk}/change/"
    assert client.post(address, answers | {"text": "It is online now."}).status_code == 302

    def get_url(name):
        return reverse(f"admin:messaging_announcement_{name}", args=[announcement.pk])

    page = client.get(get_url("preview")).content.decode()
    assert "1 affiliate would get it now." in page
    assert "Ann Archer" in page
    assert "Ben Baker" not in page
    assert "It is online now." in page
    client.post(get_url("send_test"), {"confirmed": "1"})
    assert Message.objects.get(kind="announcement").to == manager.email
    page = client.get(get_url("send")).content.decode()
    assert "1 affiliate gets it: Ann Archer." in page
    assert client.post(get_url("send"), {"confirmed": "1"}).status_code == 302
    announcement.refresh_from_db()
    assert announcement.state == "sending"
    assert client.post(address, answers).status_code == 403
    assert client.get(address).status_code == 200
    assert ann.country == "DE"


def test_tags_are_chosen_in_the_draft_and_named_once_it_is_sent(manager, client):
    ann, ben = make_affiliate(name="Ann Archer"), make_affiliate(name="Ben Bower")
    staff_notes.set_tags(affiliate=ann, names=["Garden"], reason="Test.", now=NOW, by=manager)
    tag = AffiliateTag.objects.get()
    AffiliateTag.objects.create(name="Unused")
    page = client.get(reverse("admin:messaging_announcement_add")).content.decode()
    assert f'<option value="{tag.pk}">Garden</option>' in page
    assert "Unused" not in page
    answers = {"subject": "Roses", "text": "They bloom.", "tags": [str(tag.pk)], "activity": ""}
    assert client.post(reverse("admin:messaging_announcement_add"), answers).status_code == 302
    announcement = Announcement.objects.get()
    assert announcement.tags == [tag.pk]
    change = reverse("admin:messaging_announcement_change", args=[announcement.pk])
    assert f'<option value="{tag.pk}" selected>Garden</option>' in client.get(change).content.decode()
    preview = client.get(reverse("admin:messaging_announcement_preview", args=[announcement.pk])).content.decode()
    assert ann.name in preview
    assert ben.name not in preview
    client.post(reverse("admin:messaging_announcement_send", args=[announcement.pk]), {"confirmed": "1"})
    page = client.get(change).content.decode()
    assert "Garden" in page
    assert str(tag.pk) not in page
    wrong = client.post(reverse("admin:messaging_announcement_add"), answers | {"tags": ["x"]})
    assert "Select a valid choice." in wrong.content.decode()


def test_chosen_countries_are_named_in_draft_preview_and_sent_announcement(manager, client):
    make_affiliate(name="Ann Archer", country="SE")
    answers = {"subject": "Snow", "text": "It falls.", "countries": ["SE", "NO"], "activity": "", "_save": "1"}
    client.post(reverse("admin:messaging_announcement_add"), answers)
    announcement = Announcement.objects.get()
    change = reverse("admin:messaging_announcement_change", args=[announcement.pk])
    chosen = "active affiliates; countries: Sweden, Norway"
    assert chosen in client.get(change).content.decode()
    for action in ("preview", "send"):
        page = client.get(reverse(f"admin:messaging_announcement_{action}", args=[announcement.pk])).content.decode()
        assert f"Chosen: {chosen}." in page
    client.post(reverse("admin:messaging_announcement_send", args=[announcement.pk]), {"confirmed": "1"})
    page = client.get(change).content.decode()
    assert chosen in page
    assert ">SE<" not in page


def test_main_button_of_a_new_announcement_saves_it_and_shows_whom_it_reaches(manager, client):
    ann = make_affiliate(name="Ann Archer")
    page = client.get(reverse("admin:messaging_announcement_add")).content.decode()
    assert page.index('name="_preview"') < page.index('name="_save"')
    answers = {"subject": "Snow", "text": "It falls.", "activity": "", "_preview": "1"}
    response = client.post(reverse("admin:messaging_announcement_add"), answers)
    announcement = Announcement.objects.get()
    preview = reverse("admin:messaging_announcement_preview", args=[announcement.pk])
    assert response.headers["Location"] == preview
    page = client.get(preview).content.decode()
    assert f'href="{reverse("admin:affiliates_affiliate_change", args=[ann.pk])}"' in page
    assert f'href="{reverse("admin:messaging_announcement_send", args=[announcement.pk])}"' in page
    change = reverse("admin:messaging_announcement_change", args=[announcement.pk])
    assert client.post(change, answers).headers["Location"] == preview
    page = client.get(change).content.decode()
    buttons = [page.index(f"/{action}/") for action in ("discard", "preview", "send_test", "send")]
    assert buttons == sorted(buttons)


def test_button_that_adds_an_announcement_has_a_name(manager, client):
    page = client.get(reverse("admin:messaging_announcement_changelist")).content.decode()
    link = page[page.index('class="addlink') :]
    assert "New announcement" in link[link.index(">") : link.index("</a>")]
