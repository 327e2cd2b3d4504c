"""Archived links: they leave the list, and work and earn as before."""

import html

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.errors import IllegalTransition
from audit.models import AuditRecord
from tests.factories import NOW, make_affiliate, make_staff
from tracking.clicks import link_loader
from tracking.links import tracking_links
from tracking.models import Link

pytestmark = pytest.mark.django_db


def test_archived_link_redirects_like_any_other(link: Link) -> None:
    before = link_loader.load_links([link.code], now=NOW)
    tracking_links.archive_link(link=link, now=NOW, by=link.affiliate.user)
    assert link_loader.load_links([link.code], now=NOW) == before


def test_link_cannot_be_archived_or_restored_twice(link: Link) -> None:
    with pytest.raises(IllegalTransition, match="is not archived"):
        tracking_links.restore_link(link=link, now=NOW, by=None)
    tracking_links.archive_link(link=link, now=NOW, by=None)
    with pytest.raises(IllegalTransition, match="is already archived"):
        tracking_links.archive_link(link=link, now=NOW, by=None)
    tracking_links.restore_link(link=link, now=NOW, by=None)
    link.refresh_from_db()
    assert link.archived_at is None


def test_link_is_archived_and_restored_on_its_page(client: Client, link: Link) -> None:
    client.force_login(link.affiliate.user)
    text = client.post(f"/links/{link.pk}/archive/", follow=True).content.decode()
    assert "It still leads to the shop and earns" in text
    link.refresh_from_db()
    assert link.archived_at is not None
    assert "is already archived" in client.post(f"/links/{link.pk}/archive/", follow=True).content.decode()
    client.post(f"/links/{link.pk}/restore/")
    link.refresh_from_db()
    assert link.archived_at is None


def test_link_of_another_affiliate_cannot_be_archived(client: Client, link: Link) -> None:
    client.force_login(make_affiliate().user)
    assert client.post(f"/links/{link.pk}/archive/").status_code == 404
    link.refresh_from_db()
    assert link.archived_at is None


def test_archiving_by_staff_is_audited(link: Link) -> None:
    tracking_links.archive_link(link=link, now=NOW, by=make_staff())
    assert AuditRecord.objects.get(subject_id=str(link.pk)).action == "link archived"


def test_staff_archive_a_link_with_a_reason_that_its_affiliate_reads(client: Client, link: Link) -> None:
    client.force_login(make_staff("affiliate managers"))
    address = reverse("admin:tracking_link_archive", args=[link.pk])
    assert "The affiliate sees the reason" in html.unescape(client.get(address).content.decode())
    assert "This field is required" in client.post(address, {"confirmed": "1", "reason": " "}).content.decode()
    client.post(address, {"confirmed": "1", "reason": "Its page is gone."})
    link.refresh_from_db()
    assert link.archived_at is not None
    record = AuditRecord.objects.get(subject_id=str(link.pk))
    assert (record.action, record.reason) == ("link archived", "Its page is gone.")

    client.force_login(link.affiliate.user)
    page = html.unescape(client.get(f"/links/{link.pk}/").content.decode())
    assert "The program’s staff archived this link." in page
    assert "Reason: Its page is gone." in page
    client.post(f"/links/{link.pk}/restore/")
    client.post(f"/links/{link.pk}/archive/")
    page = client.get(f"/links/{link.pk}/").content.decode()
    assert "You archived this link." in page
    assert "Its page is gone." not in page


def test_staff_restore_an_archived_link(client: Client, link: Link) -> None:
    tracking_links.archive_link(link=link, now=NOW, by=link.affiliate.user)
    client.force_login(make_staff("affiliate managers"))
    client.post(reverse("admin:tracking_link_restore", args=[link.pk]), {"confirmed": "1", "reason": ""})
    link.refresh_from_db()
    assert link.archived_at is None
    assert AuditRecord.objects.get(subject_id=str(link.pk)).action == "link restored"
