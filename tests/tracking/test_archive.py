"""Archived links: they leave the list, and work and earn as before."""

import pytest
from django.test import Client

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
