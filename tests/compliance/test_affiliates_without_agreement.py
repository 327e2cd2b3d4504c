"""An approved affiliate who never accepted the agreement has no links, no earnings and nothing to leave."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate, State
from agreements import declines, publishing, version_drafts
from agreements.models import AgreementVersion
from compliance.offboarding import declined_versions, notice_expiry, program_end, termination
from mail.models import Message
from mail.rendering import render
from tests.compliance.cases import NOW, days
from tests.factories import make_affiliate, make_staff

EARNING = re.compile(r"you(?:'ve| have)? earn|coupons|statement|payout|balance|you leave|stay in the program")


@pytest.fixture
def approved(agreement: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW)


@pytest.fixture
def second(agreement: AgreementVersion) -> AgreementVersion:
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    return publishing.publish_version(agreement=draft, effective_at=NOW + days(20), now=NOW, by=None)


def decline(affiliate: Affiliate, version: AgreementVersion) -> None:
    declined_versions.decline_version(affiliate=affiliate, agreement=version, now=NOW, by=None)


def take_back(affiliate: Affiliate, version: AgreementVersion) -> None:
    row = declines.record_decline(affiliate=affiliate, agreement=version, now=NOW, by=None)
    declines.take_back_decline(decline=row, now=NOW + days(1), by=None)


def withdraw(affiliate: Affiliate, version: AgreementVersion) -> None:
    decline(affiliate, version)
    publishing.withdraw_version(agreement=version, now=NOW, by=None, reason="A mistake.")


def let_decline_take_effect(affiliate: Affiliate, version: AgreementVersion) -> None:
    decline(affiliate, version)
    notice_expiry.apply_due_declines(now=NOW + days(20))


def leave(affiliate: Affiliate, _version: AgreementVersion) -> None:
    termination.leave_program(affiliate=affiliate, now=NOW, by=None)


def give_notice(affiliate: Affiliate, _version: AgreementVersion) -> None:
    staff = make_staff("compliance reviewers")
    termination.give_notice(affiliate=affiliate, ground="choice", reason="Plans changed.", now=NOW, by=staff)
    notice_expiry.apply_expired_notices(now=NOW + days(30))


def end_program(affiliate: Affiliate, _version: AgreementVersion) -> None:
    program_end.announce_end(ends_at=NOW + days(60), now=NOW, by=None, reason="The shop closes.")
    notice_expiry.apply_expired_notices(now=NOW + days(60))


@pytest.mark.parametrize(
    ("act", "kinds"),
    [
        (decline, {"agreement_declined"}),
        (take_back, {"agreement_decline_taken_back"}),
        (withdraw, {"agreement_withdrawn"}),
        (let_decline_take_effect, {"leaving_confirmed"}),
        (leave, {"leaving_confirmed"}),
        (give_notice, {"termination_notice", "terminated"}),
        (end_program, {"end_of_program", "terminated"}),
    ],
)
def test_emails_speak_of_no_earnings(
    approved: Affiliate, second: AgreementVersion, act: Callable[..., None], kinds: set[str]
) -> None:
    act(approved, second)
    messages = {message.kind: message for message in Message.objects.filter(to=approved.user.email)}
    assert kinds <= messages.keys()
    for kind in kinds | {"agreement_change"}:
        text = render(kind=kind, context=messages[kind].context).text
        assert not EARNING.search(text), (kind, EARNING.findall(text), text)


def test_email_after_a_decline_says_that_the_version_was_declined(
    approved: Affiliate, second: AgreementVersion
) -> None:
    let_decline_take_effect(approved, second)
    mail = render(kind="leaving_confirmed", context=Message.objects.get(kind="leaving_confirmed").context)
    assert mail.subject == "Your account is closed"
    assert f"Version {second.name} of the agreement, which you declined, is now in effect (clause 9.5" in mail.text
    assert "request to leave" not in mail.text


def test_pages_speak_of_no_earnings(approved: Affiliate, second: AgreementVersion, time_machine) -> None:
    time_machine.move_to(NOW)
    client = Client()
    client.force_login(approved.user)
    for name in ("portal:agreement_accept", "portal:agreement_decline"):
        assert "our account is closed" in read(client, name, second)
    decline(approved, second)
    for name in ("portal:home", "portal:agreement"):
        html = read(client, name)
        assert "You declined version 2. Your account is closed when it takes effect" in html
        assert "What you have earned" not in html
    notice_expiry.apply_due_declines(now=NOW + days(20))
    time_machine.move_to(NOW + days(20))
    client.force_login(approved.user)
    html = read(client, "portal:home")
    assert "You had not accepted the agreement, so you have no earnings." in html
    assert "Your earnings" not in html


def read(client: Client, name: str, *versions: AgreementVersion) -> str:
    return client.get(reverse(name, args=[version.pk for version in versions])).content.decode()
