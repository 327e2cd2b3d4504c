"""The rule that may approve applications, and the questions that staff ask (specification 10)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from affiliates import applications, channels
from affiliates.models import Affiliate, ApplicationQuestion, ApprovalRule, RuleCheck, State, StatusChange
from agreements.models import Program
from audit.models import AuditRecord
from lib.triggers import allow_redaction
from mail.models import Message
from portal.affiliate_page.application_tables import describe_results
from portal.applications import apply_rule
from portal.personal_data.owned_rows import collect_rows
from tests.factories import NOW, make_affiliate, make_staff, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
RULE = reverse("admin:affiliates_approvalrule_change", args=[1])


def set_rule(**conditions: Any) -> ApprovalRule:
    values = {"is_active": True, "agreement_permits": True, "changed_at": NOW - timedelta(days=1)} | conditions
    return ApprovalRule.objects.update_or_create(pk=1, defaults=values)[0]


def make_application(*channels_: tuple[str, str], **values: Any) -> Affiliate:
    return make_affiliate(state=State.APPLIED, channels=channels_ or (("blog", "https://ada.example/"),), **values)


def get_results(affiliate: Affiliate) -> dict[str, bool]:
    return {result["check"]: result["met"] for result in RuleCheck.objects.get(affiliate=affiliate).results}


def test_rule_is_switched_off_until_staff_switch_it_on() -> None:
    ApprovalRule.current()
    affiliate = make_application()
    assert apply_rule(now=LATER) == (0, 0)
    affiliate.refresh_from_db()
    assert affiliate.state == State.APPLIED


def test_approval_names_the_rule_and_keeps_what_it_checked() -> None:
    set_rule(name="Blogs", channel_kinds=["blog"], countries=["GB"])
    affiliate = make_application()
    assert apply_rule(now=LATER) == (1, 0)
    affiliate.refresh_from_db()
    assert affiliate.state == State.APPROVED
    assert affiliate.channels.get().state == "approved"
    check = RuleCheck.objects.get()
    assert (check.rule, check.approved, check.checked_at) == ("Blogs", True, LATER)
    assert [(one["check"], one["met"], one["detail"]) for one in check.results] == [
        ("email_confirmed", True, affiliate.email),
        ("not_staff", True, ""),
        ("channel_kinds", True, "blog"),
        ("country", True, "United Kingdom"),
    ]
    reason = (
        "Rule: Blogs. Checked: e-mail address confirmed, not a member of staff, channel of an accepted kind, country in"
        " the list."
    )
    change = StatusChange.objects.get(affiliate=affiliate, after="approved")
    assert (change.by, change.reason) == (None, reason)
    record = AuditRecord.objects.get(action="affiliate approved")
    assert (record.by, record.reason) == (None, reason)
    assert Message.objects.filter(kind="application_approved").count() == 1
    assert apply_rule(now=LATER) == (0, 0)


@pytest.mark.parametrize(
    ("conditions", "channel", "check", "is_met"),
    [
        ({"channel_kinds": ["website", "app"]}, ("blog", "https://ada.example/"), "channel_kinds", False),
        ({"channel_kinds": ["website", "blog"]}, ("blog", "https://ada.example/"), "channel_kinds", True),
        ({"requires_own_domain": True}, ("blog", "https://ada.example/"), "own_domain", True),
        ({"requires_own_domain": True}, ("blog", "https://www.ada.example/"), "own_domain", True),
        ({"requires_own_domain": True}, ("blog", "https://ada.wordpress.com/"), "own_domain", False),
        ({"requires_own_domain": True}, ("website", "https://www.facebook.com/ada"), "own_domain", False),
        ({"requires_own_domain": True}, ("website", "https://192.0.2.7/"), "own_domain", False),
        ({"requires_own_domain": True}, ("social", "https://x.com/ada"), "own_domain", False),
        ({"blocked_hosts": ["bad.example"]}, ("blog", "https://www.bad.example/"), "blocked_hosts", False),
        ({"blocked_hosts": ["bad.example"]}, ("social", "https://sub.bad.example/x"), "blocked_hosts", False),
        ({"blocked_hosts": ["bad.example"]}, ("blog", "https://notbad.example/"), "blocked_hosts", True),
        ({"countries": ["DE", "FR"]}, ("blog", "https://ada.example/"), "country", False),
        ({"countries": ["DE", "GB"]}, ("blog", "https://ada.example/"), "country", True),
    ],
)
def test_condition_decides_by_channels_and_country(
    conditions: dict[str, Any], channel: tuple[str, str], check: str, is_met: bool
) -> None:
    set_rule(**conditions)
    affiliate = make_application(channel)
    assert apply_rule(now=LATER) == ((1, 0) if is_met else (0, 1))
    assert get_results(affiliate)[check] is is_met
    affiliate.refresh_from_db()
    assert affiliate.state == (State.APPROVED if is_met else State.APPLIED)


@pytest.mark.parametrize(
    ("email", "name", "address", "is_met"),
    [
        ("bob@example.com", "Bob", "https://bob.example/", True),
        ("ada+2@example.com", "Bob", "https://bob.example/", False),
        ("bob@example.com", "ADA KING", "https://bob.example/", False),
        ("bob@example.com", "Bob", "https://ada.example/", False),
    ],
)
def test_second_application_of_a_person_waits_for_staff(email: str, name: str, address: str, is_met: bool) -> None:
    make_affiliate(
        state=State.REJECTED, name="Ada King", user=make_user(email="ada@example.com"),
        channels=(("blog", "https://ada.example/"),),
    )  # fmt: skip
    set_rule(requires_single_application=True)
    second = make_application(("website", address), name=name, user=make_user(email=email))
    apply_rule(now=LATER)
    assert get_results(second)["single_application"] is is_met
    # The code of the other stays out of what the applicant may export.
    check = RuleCheck.objects.get(affiliate=second)
    first = Affiliate.objects.exclude(pk=second.pk).get()
    assert check.same_person == ("" if is_met else first.code)
    assert first.code not in str(check.results)
    assert any(first.code in line for line in describe_results(check)) is not is_met


def test_application_waits_until_all_questions_are_answered() -> None:
    ApplicationQuestion.objects.create(position=1, text="How do you promote?")
    set_rule(requires_answers=True)
    silent, talkative = make_application(name="Silent"), make_application(name="Talkative")
    talkative.application_answers.create(position=1, question="How do you promote?", answer="By letter.")
    assert apply_rule(now=LATER) == (1, 1)
    assert (get_results(silent)["answers"], get_results(talkative)["answers"]) == (False, True)


def test_unconfirmed_address_waits_without_a_check_and_staff_are_never_approved() -> None:
    set_rule(countries=["GB"])
    make_application(user=make_user(verified=False))
    staff = make_staff()
    own = make_application(user=staff)
    assert apply_rule(now=LATER) == (0, 1)
    assert get_results(own)["not_staff"] is False


def test_application_is_checked_again_after_the_rule_or_its_channels_changed() -> None:
    set_rule(channel_kinds=["app"])
    affiliate = make_application()
    assert apply_rule(now=LATER) == (0, 1)
    assert apply_rule(now=LATER + timedelta(minutes=1)) == (0, 0)
    later = LATER + timedelta(hours=1)
    channels.add(affiliate=affiliate, kind="app", address="https://apps.example/ada", now=later, by=None)
    assert apply_rule(now=later + timedelta(minutes=1)) == (1, 0)
    other = make_application(at=LATER)
    assert apply_rule(now=later) == (0, 1)
    set_rule(channel_kinds=["blog"], changed_at=later + timedelta(minutes=2))
    assert apply_rule(now=later + timedelta(minutes=3)) == (1, 0)
    assert RuleCheck.objects.filter(affiliate=other).count() == 2


def test_rule_approves_no_one_after_the_end_of_the_program_is_announced() -> None:
    set_rule(countries=["GB"])
    make_application()
    Program.current()
    Program.objects.update(end_announced_at=NOW, ends_at=LATER)
    assert apply_rule(now=LATER) == (0, 0)


def test_failing_check_of_one_application_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    set_rule(countries=["GB"])
    first = make_application()
    make_application(at=NOW + timedelta(minutes=1))
    applications.reject(affiliate=first, reason="No.", clause="", now=NOW, by=None)
    assert apply_rule(now=LATER) == (1, 0)


def test_checks_cannot_be_changed_and_a_rule_approves_once() -> None:
    set_rule(countries=["GB"])
    affiliate = make_application()
    apply_rule(now=LATER)
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleCheck.objects.update(approved=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleCheck.objects.create(affiliate=affiliate, rule="x", checked_at=NOW, approved=True, results=[])
    with allow_redaction():
        RuleCheck.objects.update(results={})


def test_database_refuses_an_active_rule_that_the_agreement_does_not_permit() -> None:
    rule = ApprovalRule.current()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalRule.objects.filter(pk=rule.pk).update(is_active=True)


def test_archive_holds_answers_and_checks() -> None:
    set_rule(countries=["GB"])
    affiliate = make_application()
    affiliate.application_answers.create(position=1, question="Q?", answer="A.")
    apply_rule(now=LATER)
    rows = collect_rows(affiliate)
    assert (rows["application_answers"].count(), rows["application_checks"].count()) == (1, 1)


@pytest.fixture
def superuser(client: Client) -> Client:
    client.force_login(make_staff(superuser=True))
    return client


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "Choose at least one condition"),
        ({"channel_kinds": ["blog"], "agreement_permits": ""}, "Applicants rely on the agreement"),
        ({"channel_kinds": ["pigeon"]}, "Select a valid choice"),
        ({"countries": ["ZZ"]}, "Select a valid choice"),
        ({"blocked_hosts": "not a host"}, "is not a host name"),
        ({"channel_kinds": ["blog"], "name": "\u200b"}, "Enter a name"),
        ({"channel_kinds": ["blog"], "audit_reason": ""}, "This field is required"),
    ],
)
def test_form_of_the_rule_refuses(superuser: Client, answers: dict[str, Any], message: str) -> None:
    ApprovalRule.current()
    form = {"name": "Standard", "is_active": "on", "agreement_permits": "on", "audit_reason": "Agreed."}
    response = superuser.post(RULE, form | answers)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not ApprovalRule.objects.get().is_active


def test_rule_is_switched_on_with_an_audit_record(superuser: Client) -> None:
    ApprovalRule.current()
    form = {"name": "Blogs", "is_active": "on", "agreement_permits": "on", "channel_kinds": ["blog", "website"]}
    form |= {
        "blocked_hosts": "www.Bad.example, worse.example",
        "countries": ["DE"],
        "audit_reason": "Decided on Monday.",
    }
    assert superuser.post(RULE, form).status_code == 302
    rule = ApprovalRule.objects.get()
    assert (rule.is_active, rule.channel_kinds, rule.countries) == (True, ["blog", "website"], ["DE"])
    assert rule.blocked_hosts == ["bad.example", "worse.example"]
    assert rule.changed_at is not None
    record = AuditRecord.objects.get(action="approvalrule changed")
    assert (record.reason, record.after["is_active"]) == ("Decided on Monday.", "True")


def test_page_of_the_affiliate_shows_each_check(superuser: Client) -> None:
    set_rule(channel_kinds=["app"])
    affiliate = make_application()
    apply_rule(now=LATER)
    page = superuser.get(reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])).content.decode()
    assert "Not met: channel of an accepted kind (blog)" in page
    assert f"Met: e-mail address confirmed ({affiliate.email})" in page


def test_questions_are_asked_and_answers_stored() -> None:
    ApplicationQuestion.objects.create(position=2, text="Why us?")
    ApplicationQuestion.objects.create(position=1, text="How?", is_required=True)
    base: dict[str, Any] = {"name": "Ada", "country": "GB", "channels": [("blog", "https://ada.example/")], "now": NOW}
    with pytest.raises(ValidationError) as raised, transaction.atomic():
        applications.apply(user=make_user(), answers={"question1": " ", "question2": "x"}, **base)
    assert raised.value.message_dict == {"question1": ["Answer this question."]}
    affiliate = applications.apply(user=make_user(), answers={"question1": " By letter. ", "question2": ""}, **base)
    assert list(affiliate.application_answers.values_list("position", "question", "answer")) == [
        (1, "How?", "By letter.")
    ]


def test_three_questions_are_the_most() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ApplicationQuestion.objects.create(position=4, text="x")
    ApplicationQuestion.objects.create(position=1, text="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        ApplicationQuestion.objects.create(position=1, text="y")
