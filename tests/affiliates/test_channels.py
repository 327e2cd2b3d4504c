"""A channel ..."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from affiliates import channels
from affiliates.addresses import normalize_address
from affiliates.errors import DuplicateChannel, IllegalTransition
from affiliates.models import Affiliate, Channel, State
from audit.models import AuditRecord
from mail.models import Message
from tests.factories import NOW, make_affiliate, make_staff

LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://example.com", "https://example.com/"),
        (" HTTP://Example.COM:80/Blog#top ", "http://example.com/Blog"),
        ("example.com/shop?x=1", "https://example.com/shop?x=1"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com./", "https://example.com/"),
        ("https://münchen.example/", "https://münchen.example/"),
    ],
)
def test_has_an_address_in_one_normal_form(written: str, read: str) -> None:
    assert normalize_address(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        "javascript:alert(1)",
        "ftp://example.com/",
        "https://",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https://[::1",
        "https://me:secret@example.com/",
        "https://example.com/\x00",
        "https://example.com/a\nb",
        "https://example.com/" + "a" * 500,
    ],
)
def test_has_no_other_address_than_of_the_web(written: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        normalize_address(written)
    assert list(refusal.value.message_dict) == ["address"]


@pytest.fixture
def affiliate(db: None) -> Affiliate:
    return make_affiliate(state=State.ACTIVE)


def add(affiliate: Affiliate, address: str = "https://example.com/") -> Channel:
    return channels.add(affiliate=affiliate, kind="blog", address=address, now=NOW, by=affiliate.user)


def test_waits_for_its_decision_when_it_is_declared(affiliate: Affiliate) -> None:
    channel = Channel.objects.get(pk=add(affiliate).pk)
    assert (channel.state, channel.added_at, channel.decided_at) == (Channel.State.PENDING, NOW, None)


def test_is_declared_once_by_an_affiliate_however_it_is_written(affiliate: Affiliate) -> None:
    add(affiliate)
    with pytest.raises(DuplicateChannel, match="it is pending"):
        add(affiliate, "HTTPS://EXAMPLE.com:443")


def test_may_be_declared_by_two_affiliates(affiliate: Affiliate) -> None:
    add(affiliate)
    assert add(make_affiliate()).state == Channel.State.PENDING


@pytest.mark.parametrize("state", [State.REJECTED, State.LEAVING, State.TERMINATED])
@pytest.mark.django_db
def test_is_not_declared_by_whoever_is_out(state: State) -> None:
    with pytest.raises(ValidationError, match="no longer"):
        add(make_affiliate(state=state))


def test_is_one_of_a_hundred_at_most(affiliate: Affiliate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 2)
    add(affiliate)
    with pytest.raises(ValidationError, match="at most 2"):
        add(affiliate, "https://third.example/")


@pytest.mark.parametrize("before", Channel.State.values)
def test_is_approved_from_any_other_state_and_the_affiliate_is_told(affiliate: Affiliate, before: str) -> None:
    channel, staff = in_state(affiliate, before), make_staff()
    if before == Channel.State.APPROVED:
        with pytest.raises(IllegalTransition):
            channels.approve(channel=channel, clause="", now=LATER, by=staff)
        return
    channels.approve(channel=channel, clause="", now=LATER, by=staff)
    stored = Channel.objects.get(pk=channel.pk)
    assert (stored.state, stored.decided_at, stored.decided_by) == ("approved", LATER, staff)
    assert Message.objects.get(kind="channel_approved").context["address"] == channel.address
    assert AuditRecord.objects.get(subject_id=str(channel.pk), at=LATER).before == {"state": before}


@pytest.mark.parametrize("before", Channel.State.values)
def test_is_rejected_with_a_reason_from_any_other_state_and_the_affiliate_is_told(
    affiliate: Affiliate, before: str
) -> None:
    channel, staff = in_state(affiliate, before), make_staff()
    if before == Channel.State.REJECTED:
        with pytest.raises(IllegalTransition):
            channels.reject(channel=channel, reason="Spam.", clause="", now=LATER, by=staff)
        return
    channels.reject(channel=channel, reason="Spam.", clause="", now=LATER, by=staff)
    assert Channel.objects.get(pk=channel.pk).reason == "Spam."
    assert Message.objects.get(kind="channel_rejected").context["reason"] == "Spam."
    assert AuditRecord.objects.get(subject_id=str(channel.pk), at=LATER).reason == "Spam."


def test_is_not_rejected_without_a_reason(affiliate: Affiliate) -> None:
    with pytest.raises(ValidationError) as refusal:
        channels.reject(channel=add(affiliate), reason="", clause="", now=LATER, by=make_staff())
    assert list(refusal.value.message_dict) == ["reason"]


def test_is_decided_by_the_first_of_two(affiliate: Affiliate) -> None:
    channel = add(affiliate)
    stale = Channel.objects.get(pk=channel.pk)
    channels.approve(channel=channel, clause="", now=LATER, by=make_staff())
    with pytest.raises(IllegalTransition):
        channels.reject(channel=stale, reason="Spam.", clause="", now=LATER, by=make_staff())
    assert Channel.objects.get(pk=channel.pk).state == Channel.State.APPROVED


def test_can_be_taken_back_while_it_waits_and_not_afterwards(affiliate: Affiliate) -> None:
    channel = add(affiliate)
    channels.remove(channel=channel, now=LATER, by=affiliate.user)
    assert not Channel.objects.filter(pk=channel.pk).exists()
    decided = in_state(affiliate, "approved")
    with pytest.raises(IllegalTransition):
        channels.remove(channel=decided, now=LATER, by=affiliate.user)
    assert Channel.objects.filter(pk=decided.pk).exists()


def in_state(affiliate: Affiliate, state: str) -> Channel:
    """A channel that staff have brought to `state`, without an e-mail about it."""
    channel = add(affiliate)
    if state != Channel.State.PENDING:
        channels.decide(channel=channel, to=Channel.State(state), reason="So.", now=NOW, by=None)
    return channel
