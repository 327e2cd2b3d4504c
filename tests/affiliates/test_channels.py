"""Channels of affiliates."""

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
    ("text", "normalized"),
    [
        ("https://example.com", "https://example.com/"),
        (" HTTP://Example.COM:80/Blog#top ", "http://example.com/Blog"),
        ("example.com/shop?x=1", "https://example.com/shop?x=1"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com./", "https://example.com/"),
        ("https://münchen.example/", "https://münchen.example/"),
    ],
)
def test_address_is_normalized(text: str, normalized: str) -> None:
    assert normalize_address(text) == normalized


@pytest.mark.parametrize(
    "text",
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
def test_invalid_address_is_rejected(text: str) -> None:
    with pytest.raises(ValidationError) as error:
        normalize_address(text)
    assert list(error.value.message_dict) == ["address"]


@pytest.fixture
def affiliate(db: None) -> Affiliate:
    return make_affiliate(state=State.ACTIVE)


def add_channel(affiliate: Affiliate, address: str = "https://example.com/") -> Channel:
    return channels.add(affiliate=affiliate, kind="blog", address=address, now=NOW, by=affiliate.user)


def test_new_channel_is_pending(affiliate: Affiliate) -> None:
    channel = Channel.objects.get(pk=add_channel(affiliate).pk)
    assert (channel.state, channel.added_at, channel.decided_at) == (Channel.State.PENDING, NOW, None)


def test_affiliate_cannot_add_same_address_twice(affiliate: Affiliate) -> None:
    add_channel(affiliate)
    with pytest.raises(DuplicateChannel, match="It is pending"):
        add_channel(affiliate, "HTTPS://EXAMPLE.com:443")


def test_two_affiliates_can_add_same_address(affiliate: Affiliate) -> None:
    add_channel(affiliate)
    assert add_channel(make_affiliate()).state == Channel.State.PENDING


@pytest.mark.parametrize("state", [State.REJECTED, State.LEAVING, State.TERMINATED])
@pytest.mark.django_db
def test_inactive_affiliate_cannot_add_channel(state: State) -> None:
    with pytest.raises(ValidationError, match="no longer"):
        add_channel(make_affiliate(state=state))


def test_number_of_channels_is_limited(affiliate: Affiliate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 2)
    add_channel(affiliate)
    with pytest.raises(ValidationError, match="at most 2"):
        add_channel(affiliate, "https://third.example/")


@pytest.mark.parametrize("before", Channel.State.values)
def test_channel_is_approved_from_any_other_state_and_affiliate_notified(affiliate: Affiliate, before: str) -> None:
    channel, staff = create_channel_in_state(affiliate, before), make_staff()
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
def test_channel_is_rejected_from_any_other_state_and_affiliate_notified(affiliate: Affiliate, before: str) -> None:
    channel, staff = create_channel_in_state(affiliate, before), make_staff()
    if before == Channel.State.REJECTED:
        with pytest.raises(IllegalTransition):
            channels.reject(channel=channel, reason="Spam.", clause="", now=LATER, by=staff)
        return
    channels.reject(channel=channel, reason="Spam.", clause="", now=LATER, by=staff)
    assert Channel.objects.get(pk=channel.pk).reason == "Spam."
    assert Message.objects.get(kind="channel_rejected").context["reason"] == "Spam."
    assert AuditRecord.objects.get(subject_id=str(channel.pk), at=LATER).reason == "Spam."


def test_rejection_requires_reason(affiliate: Affiliate) -> None:
    with pytest.raises(ValidationError) as error:
        channels.reject(channel=add_channel(affiliate), reason="", clause="", now=LATER, by=make_staff())
    assert list(error.value.message_dict) == ["reason"]


def test_concurrent_second_decision_is_rejected(affiliate: Affiliate) -> None:
    channel = add_channel(affiliate)
    stale = Channel.objects.get(pk=channel.pk)
    channels.approve(channel=channel, clause="", now=LATER, by=make_staff())
    with pytest.raises(IllegalTransition):
        channels.reject(channel=stale, reason="Spam.", clause="", now=LATER, by=make_staff())
    assert Channel.objects.get(pk=channel.pk).state == Channel.State.APPROVED


def test_only_pending_channel_can_be_removed(affiliate: Affiliate) -> None:
    channel = add_channel(affiliate)
    channels.remove(channel=channel, now=LATER, by=affiliate.user)
    assert not Channel.objects.filter(pk=channel.pk).exists()
    decided = create_channel_in_state(affiliate, "approved")
    with pytest.raises(IllegalTransition):
        channels.remove(channel=decided, now=LATER, by=affiliate.user)
    assert Channel.objects.filter(pk=decided.pk).exists()


def create_channel_in_state(affiliate: Affiliate, state: str) -> Channel:
    """Create a channel that was decided without an e-mail."""
    channel = add_channel(affiliate)
    if state != Channel.State.PENDING:
        channels.decide(channel=channel, to=Channel.State(state), reason="A reason.", now=NOW, by=None)
    return channel
