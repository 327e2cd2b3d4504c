"""Applications to the program."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from affiliates import applications, channels
from affiliates.errors import AlreadyApplied, EmailNotConfirmed, IllegalTransition
from affiliates.models import Affiliate, Channel, State
from agreements.applicable_version import cite_applicable_clause
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from agreements.seeding import publish_seed_agreement
from audit.models import AuditRecord
from mail.models import Message
from mail.rendering import render
from tests.factories import NOW, make_affiliate, make_staff, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
SITE = ("website", "https://example.com/")


def test_application_is_stored_with_code_and_channels_and_confirmed_by_email() -> None:
    user = make_user()
    affiliate = applications.apply(
        user=user, name=" Ada  Lovelace ", country="gb", channels=[SITE, ("blog", "Example.org/ada")], now=NOW
    )
    stored = Affiliate.objects.get(user=user)
    assert stored == affiliate
    assert (stored.name, stored.country, stored.state, stored.applied_at) == ("Ada Lovelace", "GB", "applied", NOW)
    assert len(stored.code) == 6
    assert set(stored.code) <= set(applications.CODE_CHARACTERS)
    assert set(stored.channels.values_list("kind", "address", "state")) == {
        ("website", "https://example.com/", "pending"),
        ("blog", "https://example.org/ada", "pending"),
    }
    assert [(m.kind, m.to) for m in Message.objects.all()] == [("application_received", user.email)]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 201}),
        ("name", {"name": "a\x00b"}),
        ("name", {"name": "a\ud800b"}),
        ("country", {"country": ""}),
        ("country", {"country": "ZZ"}),
        ("country", {"country": "United Kingdom"}),
        ("channels", {"channels": []}),
        ("kind", {"channels": [("billboard", "https://example.com/")]}),
        ("address", {"channels": [("website", "javascript:alert(1)")]}),
        ("address", {"channels": [SITE, ("blog", "https://EXAMPLE.com:443/#top")]}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": "localtime"}),
    ],
)
def test_invalid_field_is_rejected_and_nothing_stored(field: str, change: dict[str, Any]) -> None:
    valid: dict[str, Any] = {"name": "Ada", "country": "GB", "channels": [SITE], "now": NOW}
    with pytest.raises(ValidationError) as error:
        applications.apply(user=make_user(), **(valid | change))
    assert list(error.value.message_dict) == [field]
    assert not Affiliate.objects.exists()
    assert not Message.objects.exists()


def test_user_can_apply_only_once() -> None:
    affiliate = make_affiliate(state=State.REJECTED)
    with pytest.raises(AlreadyApplied):
        applications.apply(user=affiliate.user, name="Ada", country="GB", channels=[SITE], now=NOW)


def test_approval_approves_pending_channels_but_not_rejected_ones() -> None:
    affiliate, staff = (
        make_affiliate(state=State.APPLIED, channels=(SITE, ("blog", "https://rejected.example/"))),
        make_staff(),
    )
    rejected = affiliate.channels.get(kind="blog")
    channels.reject(channel=rejected, reason="Not your site.", clause="", now=NOW, by=staff)
    applications.approve(affiliate=affiliate, clause="", now=LATER, by=staff)
    assert Affiliate.objects.get().state == State.APPROVED
    assert dict(affiliate.channels.values_list("kind", "state")) == {"website": "approved", "blog": "rejected"}
    message = Message.objects.get(kind="application_approved")
    assert message.context["approved"] == ["https://example.com/"]
    assert message.context["rejected"] == ["https://rejected.example/"]
    actions = AuditRecord.objects.filter(at=LATER, by=staff).values_list("action", flat=True)
    assert sorted(actions) == ["affiliate approved", "channel approved"]


def test_application_with_unconfirmed_email_cannot_be_approved() -> None:
    affiliate = make_affiliate(state=State.APPLIED, user=make_user(verified=False))
    assert not applications.is_email_confirmed(affiliate)
    with pytest.raises(EmailNotConfirmed, match="has not confirmed"):
        applications.approve(affiliate=affiliate, clause="", now=LATER, by=make_staff())
    assert Affiliate.objects.get().state == State.APPLIED
    assert not Message.objects.filter(kind="application_approved").exists()


def test_rejection_sends_reason_and_rejects_channels() -> None:
    affiliate, staff = make_affiliate(state=State.APPLIED), make_staff()
    applications.reject(affiliate=affiliate, reason=" Too few readers. ", clause="", now=LATER, by=staff)
    assert Affiliate.objects.get().state == State.REJECTED
    assert Channel.objects.get().state == Channel.State.REJECTED
    assert Message.objects.get(kind="application_rejected").context["reason"] == "Too few readers."


def test_rejection_requires_reason() -> None:
    affiliate = make_affiliate(state=State.APPLIED)
    with pytest.raises(ValidationError) as error:
        applications.reject(affiliate=affiliate, reason=" ", clause="", now=LATER, by=make_staff())
    assert list(error.value.message_dict) == ["reason"]
    assert Affiliate.objects.get().state == State.APPLIED


def test_application_is_decided_only_once() -> None:
    affiliate = make_affiliate(state=State.REJECTED)
    with pytest.raises(IllegalTransition):
        applications.approve(affiliate=affiliate, clause="", now=LATER, by=make_staff())
    assert not Message.objects.filter(kind="application_approved").exists()


def test_emails_name_the_applicable_clause() -> None:
    publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    affiliate, staff = make_affiliate(state=State.APPLIED), make_staff()
    channels.reject(
        channel=affiliate.channels.get(),
        reason="Spam.",
        clause=cite_applicable_clause(affiliate, Rule.CHANNELS, LATER),
        now=LATER,
        by=staff,
    )
    applications.approve(
        affiliate=affiliate, clause=cite_applicable_clause(affiliate, Rule.ACCEPTANCE, LATER), now=LATER, by=staff
    )
    other = make_affiliate(state=State.REJECTED, at=LATER)
    version = AgreementVersion.objects.get()
    clauses = {
        message.kind: message.context["clause"] for message in Message.objects.exclude(kind="application_received")
    }
    assert clauses == {
        "channel_rejected": cite_clause(version, Rule.CHANNELS),
        "application_approved": cite_clause(version, Rule.ACCEPTANCE),
        "application_rejected": cite_clause(version, Rule.ELIGIBILITY),
    }
    assert all(re.fullmatch(r"\d+\.\d+ of version .+", clause) for clause in clauses.values())
    for message in Message.objects.filter(to__in=[affiliate.email, other.email]):
        mail = render(kind=message.kind, context=message.context)
        assert message.context.get("clause", "") in mail.text
        assert "href=" in mail.html
