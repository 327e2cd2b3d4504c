"""Creatives in the admin."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.models import AuditRecord
from creatives import affiliate_links
from creatives.models import Creative
from mail.models import Message
from tests.creatives.samples import TARGET, build_image, upload_banner, upload_text
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db
BANNER = {"title": "Spring", "alternative_text": "Tools", "channel_kinds": ["blog"], "target": TARGET, "confirmed": "1"}
PERIOD = {"active_from_0": "2026-03-01", "active_from_1": "12:00"}


@pytest.fixture
def manager(shop: None) -> Client:
    return sign_in("affiliate managers")


def sign_in(group: str) -> Client:
    client = Client()
    client.force_login(make_staff(group))
    return client


def build_url(action: str, *args: object) -> str:
    return reverse(f"admin:creatives_creative_{action}", args=args)


def post(client: Client, action: str, data: dict[str, Any], *args: object) -> str:
    return client.post(build_url(action, *args), data, follow=True).content.decode()


def build_upload(content: bytes, name: str = "banner.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


def test_manager_uploads_a_banner(manager):
    page = post(manager, "upload_banner", BANNER | {"image": build_upload(build_image())})
    assert "Banner uploaded." in page
    banner = Creative.objects.get()
    assert (banner.title, banner.channel_kinds, banner.size, banner.target) == ("Spring", ["blog"], "30 × 25", TARGET)
    assert AuditRecord.objects.get(action="creative uploaded").by is not None
    page = manager.get(build_url("change", banner.pk)).content.decode()
    assert f"/admin/creatives/creative/{banner.pk}/image/" in page
    assert "Copied by 0, 0 clicks, 0 orders, 0.00 USD commission" in page
    assert "Spring" in manager.get(build_url("changelist")).content.decode()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"image": build_upload(b"<svg/>", "banner.svg")}, "This file is not a PNG, JPEG, WebP or GIF image."),
        ({"image": build_upload(bytes(1024 * 1024 + 1))}, "The image is larger than 1024 KiB."),
        ({}, "Choose a file."),
        ({"target": "https://evil.example/"}, "Enter the full URL of a page on shop.example."),
        ({"active_until_0": "2020-01-01", "active_until_1": "12:00"}, "Enter a time after the start."),
    ],
)
def test_wrong_upload_is_explained_beside_its_field(manager, fields, text):
    data = {"image": build_upload(build_image())} | fields if fields else {}
    assert text in post(manager, "upload_banner", BANNER | data)
    assert not Creative.objects.exists()


def test_manager_adds_a_text(manager):
    fields = {key: value for key, value in BANNER.items() if key != "alternative_text"}
    assert "Write {link} once" in post(manager, "upload_text", fields | {"body": "No link"})
    assert "Text added." in post(
        manager, "upload_text", fields | {"body": "All for the garden: {link}", "language": "de"}
    )
    assert Creative.objects.get().language == "de"


def test_manager_edits_what_is_not_published(manager):
    text = upload_text()
    data = {"title": "Summer", "channel_kinds": ["app", "blog"], "confirmed": "1", **PERIOD}
    assert "Creative saved." in post(manager, "edit", data, text.pk)
    stored = Creative.objects.get()
    assert (stored.title, stored.channel_kinds) == ("Summer", ["blog", "app"])


def test_withdrawal_of_a_text_says_nothing_of_an_image(manager, affiliate):
    text, banner = upload_text(), upload_banner()
    page = manager.get(build_url("withdraw", text.pk)).content.decode()
    assert "Affiliates no longer find the text" in page
    assert "image" not in page[page.index("Affiliates no longer") : page.index("cannot be undone")]
    assert "The banner is replaced by a neutral image" in manager.get(build_url("withdraw", banner.pk)).content.decode()


def test_manager_withdraws_with_a_reason(manager, affiliate):
    banner = upload_banner()
    affiliate_links.provide_link(creative=banner, affiliate=affiliate, now=NOW, by=affiliate.user)
    assert (
        "1 affiliate who has its link gets an e-mail" in manager.get(build_url("withdraw", banner.pk)).content.decode()
    )
    assert "This field is required." in post(manager, "withdraw", {"confirmed": "1"}, banner.pk)
    assert "Spring banner withdrawn." in post(manager, "withdraw", {"confirmed": "1", "reason": "Over."}, banner.pk)
    assert Message.objects.filter(kind="creative_withdrawn").count() == 1
    again = post(manager, "withdraw", {"confirmed": "1", "reason": "Again."}, banner.pk)
    assert "has been withdrawn already" in again
    assert Creative.objects.get().withdrawal_reason == "Over."


def test_title_with_markup_is_escaped(manager):
    text = upload_text(title="<script>alert(1)</script>", body="<b>{link}</b>")
    for page in (manager.get(build_url("changelist")), manager.get(build_url("change", text.pk))):
        assert b"<script>alert(1)" not in page.content
        assert b"<b>{link}</b>" not in page.content


def test_reviewer_sees_creatives_and_changes_none(shop):
    banner, reviewer = upload_banner(), sign_in("compliance reviewers")
    assert reviewer.get(build_url("change", banner.pk)).status_code == 200
    for action, args in (("upload_banner", []), ("upload_text", []), ("edit", [banner.pk]), ("withdraw", [banner.pk])):
        assert reviewer.post(build_url(action, *args), {"confirmed": "1", "reason": "x"}).status_code == 403
