"""Applying: the account, the affiliate and the channels are created together."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from affiliates.models import Affiliate, ApplicationQuestion, Channel, State
from mail import rendering
from mail.models import Message
from tests.factories import make_user

FORM = {
    "name": "Greta Gardener",
    "country": "DE",
    "email": "greta@example.com",
    "password1": "correct horse 7 battery",
    "password2": "correct horse 7 battery",
    "channels-TOTAL_FORMS": "5",
    "channels-INITIAL_FORMS": "0",
    "channels-0-kind": "website",
    "channels-0-address": "https://greta.example/",
    "channels-3-kind": "newsletter",
    "channels-3-address": "https://letters.example/greta",
}


@pytest.fixture(autouse=True)
def _clear_rate_limits():
    cache.clear()


def apply(client=None, **changes):
    return (client or Client()).post("/apply/", FORM | changes)


def test_application_creates_account_affiliate_and_channels(agreement):
    response = apply()
    assert response.status_code == 302
    assert response.headers["Location"] == "/accounts/confirm-email/"
    affiliate = Affiliate.objects.get()
    assert (affiliate.state, affiliate.name, affiliate.country) == (State.APPLIED, "Greta Gardener", "DE")
    assert affiliate.user.email == "greta@example.com"
    assert sorted(Channel.objects.values_list("kind", flat=True)) == ["newsletter", "website"]


def test_confirmation_link_is_mailed_and_works(agreement):
    client = Client()
    apply(client)
    message = Message.objects.get(kind="account")
    mail = rendering.render(kind="account", context=message.context)
    assert "confirm" in mail.subject
    link = re.search(r"http\S+/accounts/confirm-email/\S+", mail.text)
    assert link, mail.text
    path = link.group().partition("://")[2].partition("/")[2]
    assert client.get(f"/{path}").status_code == 200
    assert not EmailAddress.objects.get().verified
    assert client.post(f"/{path}").status_code == 302
    assert EmailAddress.objects.get().verified
    assert client.get("/home/").status_code == 200


def test_response_does_not_reveal_an_existing_account(agreement):
    make_user(email="greta@example.com")
    known, unknown = apply(), apply(email="other@example.com")
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert Affiliate.objects.count() == 1
    message = Message.objects.get(kind="account", to="greta@example.com")
    assert "already" in message.context["subject"]


@pytest.mark.parametrize(
    ("field", "change", "cause"),
    [
        ("name", {"name": ""}, "This field is required."),
        ("name", {"name": "x" * 201}, "at most 200 characters"),
        ("name", {"name": "a\u0007b"}, "ontrol character"),
        ("country", {"country": "Atlantis"}, "Select a valid choice"),
        ("email", {"email": "nonsense"}, "valid email address"),
        ("password1", {"password1": "12345678", "password2": "12345678"}, "too common"),
        ("password2", {"password2": "something else"}, "same password"),
        ("channel", {"channels-0-address": "nonsense"}, "valid URL"),
        ("channel", {"channels-0-kind": ""}, "Choose the kind"),
        ("channel", {"channels-0-address": ""}, "Enter the address"),
        ("channel", {"channels-3-address": "https://greta.example/"}, "already"),
        ("channel", {"channels-0-address": "javascript:alert(1)"}, "valid URL"),
    ],
)
def test_invalid_field_is_reported_and_stores_nothing(agreement, field, change, cause):
    response = apply(**change)
    assert response.status_code == 200
    assert cause in response.content.decode()
    assert not User.objects.exists()
    assert not Affiliate.objects.exists()
    assert not Message.objects.exists()


def test_application_without_a_channel_is_rejected(agreement):
    empty_rows = {key: "" for key in FORM if key.startswith("channels-") and key[9].isdigit()}
    response = apply(**empty_rows)
    assert "Enter at least one channel." in response.content.decode()
    assert not User.objects.exists()


def test_account_cannot_be_created_by_sign_up(agreement):
    assert Client().get("/accounts/signup/").headers["Location"] == "/apply/"
    Client().post(
        "/accounts/signup/", {"email": "x@example.com", "password1": "correct horse 7", "password2": "correct horse 7"}
    )
    assert not User.objects.exists()


def test_applications_are_closed_without_an_agreement(db):
    assert Client().get("/apply/").status_code == 403
    assert apply().status_code == 403


def test_confirmation_page_is_the_same_for_a_known_address(agreement):
    def get_page_after_applying() -> str:
        client = Client()
        apply(client)
        return client.get("/accounts/confirm-email/").content.decode()

    def remove_random_values(page: str) -> str:
        return re.sub(r'(nonce|value)="[^"]*"', "", page)

    first, second = remove_random_values(get_page_after_applying()), remove_random_values(get_page_after_applying())
    assert "e-mail" in first
    assert first == second


def read_confirmation_path() -> str:
    """Return the path of the link in the newest e-mail that asks to confirm an address."""
    url = str(Message.objects.filter(kind="account").latest("id").context["url"])
    return "/" + url.partition("://")[2].partition("/")[2]


def list_kinds() -> list[str]:
    return list(Message.objects.order_by("id").values_list("kind", flat=True))


def test_application_is_confirmed_by_email_once_after_the_address_is(agreement):
    client = Client()
    apply(client)
    assert list_kinds() == ["account"], "one e-mail, which asks to confirm the address"
    client.post(read_confirmation_path())
    assert list_kinds() == ["account", "application_received"]
    received = Message.objects.get(kind="application_received")
    assert received.context["clause"] == "1.2 of version 1"
    assert "reply by e-mail" in rendering.render(kind=received.kind, context=received.context).text


def test_confirmation_after_the_decision_sends_no_receipt(agreement):
    client = Client()
    apply(client)
    Affiliate.objects.update(state=State.REJECTED)
    client.post(read_confirmation_path())
    assert "application_received" not in list_kinds()


def test_confirmation_email_is_sent_again_with_a_button(agreement):
    client = Client()
    apply(client)
    page = client.get("/accounts/confirm-email/").content.decode()
    assert 'action="/accounts/confirm-email/resend/"' in page
    assert "Send it again" in page
    client.post("/accounts/confirm-email/resend/")
    assert list_kinds() == ["account"], "at most one in three minutes"
    cache.clear()
    response = client.post("/accounts/confirm-email/resend/", follow=True)
    assert response.redirect_chain == [("/accounts/confirm-email/", 302)]
    assert "We have sent the e-mail again" in response.content.decode()
    assert list_kinds() == ["account", "account"]
    client.post(read_confirmation_path())
    assert EmailAddress.objects.get().verified


def test_resending_answers_alike_for_a_known_address(agreement):
    make_user(email="greta@example.com")
    pages = []
    for email in ("greta@example.com", "other@example.com"):
        client = Client()
        apply(client, email=email.capitalize())
        response = client.post("/accounts/confirm-email/resend/", follow=True)
        pages.append(re.sub(r'(nonce|value)="[^"]*"', "", response.content.decode()))
        assert f"We sent it to <strong>{email}</strong>." in pages[-1]
        assert "If that address is wrong, apply again with the right one." in pages[-1]
        pages[-1] = pages[-1].replace(email, "ADDRESS")
    assert pages[0] == pages[1]


def test_resending_without_a_sign_in_that_waits_leads_to_the_sign_in(db):
    assert Client().post("/accounts/confirm-email/resend/").headers["Location"] == "/accounts/login/"


def test_used_confirmation_link_does_not_ask_a_signed_in_person_to_sign_in(agreement):
    client = Client()
    apply(client)
    path = read_confirmation_path()
    client.post(path)
    assert "You are signed in" in client.get(path).content.decode()
    assert "Sign in</a>. If your address" in Client().get(path).content.decode()


def test_questions_of_staff_are_on_the_form_and_required_ones_must_be_answered(agreement):
    ApplicationQuestion.objects.create(position=1, text="How do you promote?", is_required=True)
    ApplicationQuestion.objects.create(position=2, text="How many <readers>?")
    ApplicationQuestion.objects.create(position=3, text="Your shoe size?", is_required=True, is_active=False)
    page = Client().get("/apply/").content.decode()
    assert page.index("How do you promote?") < page.index("How many &lt;readers&gt;?")
    assert "shoe size" not in page
    response = apply(question2="Three")
    assert response.status_code == 200
    page = response.content.decode()
    assert page.count("Answer this question.") == 2  # in the summary and at the field
    assert not Affiliate.objects.exists()
    assert apply(question1="By letter.").status_code == 302
    answers = Affiliate.objects.get().application_answers
    assert list(answers.values_list("question", "answer")) == [("How do you promote?", "By letter.")]


def test_question_is_asked_in_the_language_of_the_reader(agreement, settings):
    question = ApplicationQuestion(position=1, text="How?", translations={"de": "Wie?"})
    with override("de"):
        assert question.local_text == "Wie?"
    with override("fr"):
        assert question.local_text == "How?"


@pytest.mark.parametrize("answer", ["x" * 2001, "a\x00b"])
def test_answer_that_cannot_be_stored_is_refused_at_the_field(agreement, answer):
    ApplicationQuestion.objects.create(position=1, text="How?")
    assert apply(question1=answer).status_code == 200
    assert not Affiliate.objects.exists()
