"""Which affiliates a version is for, and what they answered, as staff see it before and after publishing."""

from datetime import timedelta

import pytest
from django.test import Client

from affiliates.models import Affiliate, State
from agreements import declines, publishing, seeding
from agreements.models import AgreementVersion
from agreements.version_responses import Audience, Response, list_recipients, resolve_audience
from tests.agreements.acceptance_data import NOW, accept_version
from tests.agreements.page_data import build_admin_url
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
OPEN = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


@pytest.fixture
def people(first: AgreementVersion) -> dict[State, Affiliate]:
    """Return an affiliate in each state; those who took part have accepted the first version."""
    found: dict[State, Affiliate] = {state: make_affiliate(state=state) for state in State if state != State.ACTIVE}
    active = make_affiliate(state=State.APPROVED)
    accept_version(active, first, NOW - 10 * DAY)
    active.refresh_from_db()
    return {**found, State.ACTIVE: active}


@pytest.fixture
def worse(draft: AgreementVersion) -> AgreementVersion:
    draft.rates.filter(category="home-decor").update(percent="4.50")
    return draft


def publish(draft: AgreementVersion) -> AgreementVersion:
    publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    draft.refresh_from_db()
    return draft


def read_responses(version: AgreementVersion) -> dict[Affiliate, str]:
    return {row: row.response for row in list_recipients(version, resolve_audience(version, now=NOW))}


def test_draft_with_a_worse_term_asks_all_but_those_who_are_leaving(people, worse):
    assert read_responses(worse) == {
        people[State.APPROVED]: Response.MISSING,
        people[State.ACTIVE]: Response.MISSING,
        people[State.SUSPENDED]: Response.MISSING,
        people[State.LEAVING]: Response.NOTIFIED,
    }


def test_draft_without_a_worse_term_only_notifies_those_who_take_part(people, draft):
    assert resolve_audience(draft, now=NOW) == Audience((*OPEN, State.LEAVING), (State.APPROVED,))
    responses = read_responses(draft)
    # They have not accepted any version yet.
    assert responses.pop(people[State.APPROVED]) == Response.MISSING
    assert set(responses.values()) == {Response.NOTIFIED}


def test_no_one_has_to_answer_a_replaced_or_withdrawn_version(people, worse):
    first, version = AgreementVersion.objects.get(number=1), publish(worse)
    assert resolve_audience(first, now=NOW).requested == OPEN
    assert resolve_audience(first, now=NOW + 21 * DAY).requested == ()
    publishing.withdraw_version(agreement=version, now=NOW, by=None, reason="A mistake.")
    assert resolve_audience(AgreementVersion.objects.get(pk=version.pk), now=NOW).requested == ()


def test_first_version_asks_approved_affiliates_alone(db):
    approved, _active = make_affiliate(state=State.APPROVED), make_affiliate(state=State.ACTIVE)
    version = seeding.start_draft(now=NOW, by=None)
    assert read_responses(version) == {approved: Response.MISSING}


def test_published_version_shows_who_accepted_declined_or_did_not_answer(people, worse):
    version = publish(worse)
    declining = make_affiliate(state=State.APPROVED)
    accept_version(declining, AgreementVersion.objects.get(number=1))
    declining.refresh_from_db()
    declines.record_decline(affiliate=declining, agreement=version, now=NOW, by=None)
    accept_version(people[State.ACTIVE], version)
    assert read_responses(version) == {
        people[State.ACTIVE]: Response.ACCEPTED,
        declining: Response.DECLINED,
        people[State.APPROVED]: Response.MISSING,
        people[State.SUSPENDED]: Response.MISSING,
        people[State.LEAVING]: Response.NOTIFIED,
    }


def test_a_decline_that_was_taken_back_is_no_answer(people, worse):
    version = publish(worse)
    decline = declines.record_decline(affiliate=people[State.ACTIVE], agreement=version, now=NOW, by=None)
    declines.take_back_decline(decline=decline, now=NOW, by=None)
    assert read_responses(version)[people[State.ACTIVE]] == Response.MISSING


def test_older_version_does_not_miss_those_who_accepted_a_later_one(people, worse):
    first = AgreementVersion.objects.get(number=1)
    version = publish(worse)
    accept_version(people[State.APPROVED], version)
    responses = read_responses(first)
    assert responses[people[State.APPROVED]] == Response.LATER
    assert responses[people[State.ACTIVE]] == Response.ACCEPTED


def test_terminated_affiliate_stays_on_the_list_of_what_they_accepted(people, first):
    Affiliate.objects.filter(pk=people[State.ACTIVE].pk).update(state=State.TERMINATED)
    assert read_responses(first)[people[State.ACTIVE]] == Response.ACCEPTED


def test_publishing_page_names_each_state_and_leads_to_the_list(staff: Client, people, worse):
    page = " ".join(staff.get(build_admin_url("agreementversion_publish", worse.pk)).content.decode().split())
    address = build_admin_url("agreementversion_responses", worse.pk)
    for state in OPEN:
        assert f'<a class="text-link" href="{address}?state={state}">1 {state.label}</a>: notified and ' in page
    assert f'<a class="text-link" href="{address}?state=leaving">1 leaving</a>: only notified' in page


def test_list_filters_by_answer_and_state_and_pages(staff: Client, people, worse, monkeypatch):
    address = build_admin_url("agreementversion_responses", worse.pk)
    page = staff.get(address, {"state": "suspended"}).content.decode()
    assert str(people[State.SUSPENDED]) in page
    assert str(people[State.ACTIVE]) not in page
    page = staff.get(address, {"answer": "notified"}).content.decode()
    assert str(people[State.LEAVING]) in page
    assert str(people[State.ACTIVE]) not in page
    monkeypatch.setattr("agreements.admin.responses_page.PAGE_SIZE", 3)
    first_page = staff.get(address)
    codes = [row.code for row, _answer in first_page.context["rows"]]
    assert len(codes) == 3
    assert f"after={codes[2]}" in first_page.content.decode()
    second_page = staff.get(address, {"after": codes[2]})
    [last] = [row.code for row, _answer in second_page.context["rows"]]
    assert {*codes, last} == {people[state].code for state in (*OPEN, State.LEAVING)}
    assert "after=" not in second_page.content.decode()


def test_list_refuses_an_unknown_filter(staff: Client, worse):
    address = build_admin_url("agreementversion_responses", worse.pk)
    assert staff.get(address, {"state": "nonsense"}).status_code == 404
    assert staff.get(address, {"answer": "nonsense"}).status_code == 404


def test_list_downloads_what_the_filter_finds(staff: Client, people, worse):
    version = publish(worse)
    accept_version(people[State.ACTIVE], version)
    address = build_admin_url("agreementversion_responses", version.pk)
    response = staff.get(address, {"answer": "accepted", "export": "csv"})
    lines = response.getvalue().decode("utf-8-sig").splitlines()
    active = people[State.ACTIVE]
    assert lines[0] == "affiliate,name,state,answer,answered_at"
    assert len(lines) == 2
    assert lines[1].startswith(f"{active.code},{active.name},active,accepted,2026-03-01T12:00:00")


def test_published_version_leads_to_the_answers(staff: Client, people, worse):
    version = publish(worse)
    page = staff.get(build_admin_url("agreementversion_change", version.pk)).content.decode()
    address = build_admin_url("agreementversion_responses", version.pk)
    assert f'href="{address}?answer=accepted"' in page
    assert f'href="{address}?answer=missing"' in page


def test_list_of_a_draft_that_cannot_be_rendered_leads_back(staff: Client, worse):
    clause = worse.clauses.filter(body__contains="{").first()
    worse.clauses.filter(pk=clause.pk).update(body="{nonsense}")
    response = staff.get(build_admin_url("agreementversion_responses", worse.pk))
    assert response.headers["Location"] == build_admin_url("agreementversion_change", worse.pk)
