"""Uploading, changing and withdrawing creatives."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from affiliates.errors import IllegalTransition
from affiliates.models import State
from audit.models import AuditRecord
from creatives import affiliate_links, library
from creatives.models import Creative, CreativeImage, CreativeLink
from mail.models import Message
from mail.rendering import render
from tests.creatives.samples import TARGET, build_image, upload_banner, upload_text
from tests.factories import NOW, make_affiliate, make_staff, move_to_state
from tracking.links import tracking_links

pytestmark = pytest.mark.django_db


def get_error(**fields: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        (upload_text if "body" in fields else upload_banner)(**fields)
    return caught.value.message_dict


def test_upload_stores_the_file_and_its_size_with_an_audit_record(shop):
    by = make_staff("affiliate managers")
    banner = upload_banner(image=build_image("JPEG", (300, 250)), by=by)
    stored = Creative.objects.get()
    assert (stored.kind, stored.media_type, stored.width, stored.height) == ("banner", "image/jpeg", 300, 250)
    assert bytes(CreativeImage.objects.get(pk=banner.pk).content) == build_image("JPEG", (300, 250))
    record = AuditRecord.objects.get(action="creative uploaded")
    assert (record.by, record.subject_id, record.after["size"]) == (by, str(banner.pk), "300 × 250")


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"title": " \u200b "}, "title", "Enter 1 to 100 printable characters."),
        ({"title": "x" * 101}, "title", "Enter 1 to 100 printable characters."),
        ({"alternative_text": ""}, "alternative_text", "Enter 1 to 200 printable characters."),
        ({"channel_kinds": []}, "channel_kinds", "Choose at least one type of channel."),
        ({"channel_kinds": ["television"]}, "channel_kinds", "Choose at least one type of channel."),
        ({"target": "https://evil.example/"}, "target", "Enter the full URL of a page on shop.example."),
        ({"target": "javascript:alert(1)"}, "target", "Enter the full URL of a page on shop.example."),
        ({"language": "xx"}, "language", "Choose one of the languages in the list."),
        ({"active_until": NOW}, "active_until", "Enter a time after the start."),
        ({"image": b"<svg></svg>"}, "image", "This file is not a PNG, JPEG, WebP or GIF image."),
        ({"body": "No place"}, "body", "Write {link} once, where the affiliate's link belongs."),
        ({"body": "{link} and {link}"}, "body", "Write {link} once, where the affiliate's link belongs."),
        ({"body": "{link}\x00"}, "body", "Enter at most 2000 printable characters."),
        ({"body": "{link}" + "x" * 2000}, "body", "Enter at most 2000 printable characters."),
    ],
)
def test_wrong_value_is_refused_with_its_field(shop, fields, field, text):
    assert get_error(**fields) == {field: [text]}
    assert not Creative.objects.exists()


def test_landing_page_is_refused_before_the_shop_is_set(db):
    assert "whose address is not set yet" in str(get_error(target=TARGET))


def test_change_keeps_what_is_published_and_is_audited(shop):
    text = upload_text()
    fields: dict[str, Any] = {
        "title": "Summer text",
        "channel_kinds": ["app"],
        "active_from": NOW,
        "active_until": None,
    }
    library.change_creative(creative=text, **fields, now=NOW, by=make_staff("affiliate managers"))
    stored = Creative.objects.get()
    assert (stored.title, stored.channel_kinds, stored.body) == ("Summer text", ["app"], text.body)
    record = AuditRecord.objects.get(action="creative changed")
    assert (record.before["title"], record.after["channel_kinds"]) == ("Spring text", "app")


def test_withdrawal_notifies_those_who_have_the_link_and_are_still_there(affiliate):
    banner = upload_banner()
    gone, stranger = make_affiliate(), make_affiliate()
    for holder in (affiliate, gone):
        affiliate_links.provide_link(creative=banner, affiliate=holder, now=NOW, by=holder.user)
    move_to_state(gone, State.TERMINATED, NOW)
    by = make_staff("affiliate managers")
    assert library.count_recipients(banner) == 1
    assert library.withdraw_creative(creative=banner, reason="The offer is over.", now=NOW, by=by) == 1
    message = Message.objects.get(kind="creative_withdrawn")
    assert message.to == affiliate.user.email != stranger.user.email
    subject, text, *_rest = render(kind=message.kind, context=message.context, language="")
    assert subject == "Withdrawn: Spring banner"
    assert "The offer is over." in text
    record = AuditRecord.objects.get(action="creative withdrawn")
    assert (record.by, record.reason) == (by, "The offer is over.")


def test_withdrawal_needs_a_reason_and_is_final(affiliate):
    banner = upload_banner()
    with pytest.raises(ValidationError, match="Enter a reason"):
        library.withdraw_creative(creative=banner, reason=" ", now=NOW, by=None)
    library.withdraw_creative(creative=banner, reason="Over.", now=NOW, by=None)
    with pytest.raises(IllegalTransition, match="has been withdrawn already"):
        library.withdraw_creative(creative=banner, reason="Again.", now=NOW, by=None)
    fields: dict[str, Any] = {"title": "X", "channel_kinds": ["app"], "active_from": NOW, "active_until": None}
    with pytest.raises(IllegalTransition, match="has been withdrawn already"):
        library.change_creative(creative=banner, **fields, now=NOW, by=None)


def test_state_follows_the_period_and_the_withdrawal(shop):
    day = timedelta(days=1)
    banner = upload_banner(active_from=NOW + day, active_until=NOW + 2 * day)
    states = [banner.get_state(NOW + number * day) for number in range(3)]
    assert states == ["scheduled", "active", "expired"]
    available = [Creative.objects.available(NOW + number * day).exists() for number in range(3)]
    assert available == [False, True, False]
    library.withdraw_creative(creative=banner, reason="Over.", now=NOW, by=None)
    assert Creative.objects.get().get_state(NOW + day) == "withdrawn"
    assert not Creative.objects.available(NOW + day).exists()


# --- What the database refuses, whatever the code does ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"body": "Another {link}"}, DatabaseError),
        ({"target": "https://evil.example/"}, DatabaseError),
        ({"kind": "banner"}, DatabaseError),
        ({"active_until": NOW - timedelta(days=1)}, IntegrityError),
        ({"channel_kinds": []}, IntegrityError),
        ({"withdrawn_at": NOW}, IntegrityError),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_database_refuses_change(shop, change, error):
    upload_text()
    with pytest.raises(error), transaction.atomic():
        Creative.objects.update(**change)


def test_database_keeps_withdrawal_and_rows(affiliate):
    banner = upload_banner()
    affiliate_links.provide_link(creative=banner, affiliate=affiliate, now=NOW, by=affiliate.user)
    library.withdraw_creative(creative=banner, reason="Over.", now=NOW, by=None)
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        Creative.objects.update(withdrawn_at=None, withdrawal_reason="")
    for table in ("creativelink", "creativeimage", "creative"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM creatives_{table}")
    with pytest.raises(DatabaseError), transaction.atomic():
        CreativeImage.objects.update(content=b"")


def test_database_refuses_banner_without_image_data(shop):
    with pytest.raises(IntegrityError), transaction.atomic():
        Creative.objects.create(kind="banner", title="X", channel_kinds=["app"], active_from=NOW, created_at=NOW)


def test_database_refuses_the_link_of_another_affiliate(affiliate):
    other = make_affiliate()
    link = tracking_links.create_link(affiliate=other, target=TARGET, now=NOW, by=None)
    with pytest.raises(DatabaseError, match="is not of affiliate"), transaction.atomic():
        CreativeLink.objects.create(creative=upload_banner(), affiliate=affiliate, link=link, created_at=NOW)
