"""Questions of staff in a review and the answers to them, as steps of the review (specification 8)."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from affiliates.errors import IllegalTransition
from compliance.models import Review
from compliance.reviews import appeals, decisions, questions, replies
from compliance.reviews.open_review import open_review
from lib.admin.actions import CONFIRMED
from mail.rendering import render
from tests.compliance.cases import days, list_mails
from tests.compliance.review_cases import list_event_kinds
from tests.factories import make_staff


@pytest.fixture
def review(affiliate, second_reviewer) -> Review:
    now = timezone.now() - days(1)
    return open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=now, by=second_reviewer)


def build_url(review, name="change"):
    return reverse(f"admin:compliance_review_{name}", args=[review.pk])


def test_question_is_a_step_of_the_review_and_leads_back_to_it(client, review, reviewer, affiliate):
    client.force_login(reviewer)
    answers = {CONFIRMED: "1", "text": "Which site is this?"}
    response = client.post(build_url(review, "ask"), answers, follow=True)
    assert response.redirect_chain == [(build_url(review), 302)]
    page = response.content.decode()
    assert "Question sent." in page
    assert "question of staff" in page
    assert "Which site is this?" in page
    assert "Which site is this?" in client.get(build_url(review, "decide")).content.decode()
    (mail,) = list_mails(affiliate, "review_question")
    text = render(kind=mail.kind, context=mail.context).text
    assert "Which site is this?" in text
    assert reverse("compliance:review", args=[review.pk]) in text


def test_affiliate_answers_once_with_files_and_still_owes_a_reply(client, review, reviewer, affiliate):
    questions.ask(review=review, text="Which site is this?", now=timezone.now(), by=reviewer)
    client.force_login(affiliate.user)
    url = reverse("compliance:review", args=[review.pk])
    page = client.get(url).content.decode()
    assert "Answer the question" in page
    assert "Which site is this?" in page
    answer = reverse("compliance:answer", args=[review.pk])
    assert client.post(answer, {"text": " "}).status_code == 422
    assert client.post(answer, {"text": "My old blog."}).status_code == 302
    assert list_event_kinds(review) == ["notice", "question", "answer"]
    page = client.get(url).content.decode()
    assert "Answer the question" not in page
    assert "My old blog." in page
    # The answer is no reply: until the reply or its deadline, only a dismissal is possible.
    with pytest.raises(ValidationError, match="once the affiliate has replied"):
        decisions.decide(review=review, decision="warning", reason="So.", now=timezone.now(), by=reviewer)
    again = client.post(answer, {"text": "And more."})
    assert again.status_code == 422
    assert "No question waits for your answer." in again.content.decode()
    client.force_login(reviewer)
    assert "My old blog." in client.get(build_url(review, "decide")).content.decode()


def test_question_is_possible_as_long_as_something_is_to_decide(review, reviewer, second_reviewer, affiliate):
    now = timezone.now()
    replies.reply(review=review, text="No.", now=now, by=affiliate.user)
    decisions.decide(review=review, decision="warning", reason="So.", now=now, by=reviewer)
    with pytest.raises(IllegalTransition, match="nothing to ask"):
        questions.ask(review=review, text="Why?", now=now, by=reviewer)
    appeals.appeal(review=review, text="No!", now=now, by=affiliate.user)
    questions.ask(review=review, text="Why?", now=now, by=second_reviewer)
    questions.answer(review=review, text="Because.", now=now, by=affiliate.user)
    assert list_event_kinds(review)[-2:] == ["question", "answer"]


def test_list_of_reviews_is_filtered_by_what_each_waits_for(client, review, reviewer, affiliate):
    now = timezone.now()
    client.force_login(reviewer)

    def list_waiting() -> list[str]:
        url = reverse("admin:compliance_review_changelist")
        names = ("reply", "answer", "decision", "second_person", "appeal")
        return [name for name in names if build_url(review) in client.get(url, {"waits": name}).content.decode()]

    assert list_waiting() == ["reply"]
    questions.ask(review=review, text="Which site?", now=now, by=reviewer)
    assert list_waiting() == ["reply", "answer"]
    questions.answer(review=review, text="Mine.", now=now, by=affiliate.user)
    replies.reply(review=review, text="No.", now=now, by=affiliate.user)
    assert list_waiting() == ["decision"]
    decisions.decide(review=review, decision="warning", reason="So.", now=now, by=reviewer)
    assert list_waiting() == ["appeal"]
    appeals.appeal(review=review, text="No!", now=now, by=affiliate.user)
    assert list_waiting() == ["second_person"]


@pytest.mark.parametrize("group", ["affiliate managers", "payout preparers"])
def test_question_is_closed_to_other_groups(client, review, group):
    client.force_login(make_staff(group))
    assert client.get(build_url(review, "ask")).status_code == 403
