"""The tracking link that is ready after the first acceptance."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion, Program
from agreements.seeding import publish_seed_agreement
from tests.factories import make_affiliate
from tracking.links import ready_made_link, tracking_links
from tracking.models import Link

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> AgreementVersion:
    at = timezone.now() - timedelta(days=30)
    return publish_seed_agreement(effective_at=at, now=at, by=None)


@pytest.fixture
def program() -> Program:
    program = Program.current()
    program.shop_url, program.shop_hosts = "https://www.shop.example/start", ["shop.example", "www.shop.example"]
    program.save()
    return program


@pytest.fixture
def approved() -> Affiliate:
    return make_affiliate(state=State.APPROVED)


def accept(affiliate: Affiliate, version: AgreementVersion) -> str:
    client = Client()
    client.force_login(affiliate.user)
    data = {"box": "on", "text_sha256": version.texts.get(language=version.language).sha256}
    response = client.post(reverse("portal:agreement_accept", args=[version.pk]), data, follow=True)
    assert Acceptance.objects.filter(affiliate=affiliate).exists()
    return response.content.decode()


def test_link_to_the_start_page_is_ready_after_the_first_acceptance(approved, version, program):
    text = accept(approved, version)
    link = Link.objects.get()
    assert (link.affiliate, link.target) == (approved, "https://www.shop.example/start")
    assert f'data-copy="{tracking_links.build_short_url(link)}"' in text
    assert f'<a href="/links/{link.pk}/">Open its page</a>' in text
    assert f">{tracking_links.build_short_url(link)}</a>" not in text


@pytest.mark.parametrize(
    ("url", "hosts", "target"),
    [
        ("", ["b.example", "a.example"], "https://a.example/"),
        ("https://other.example/", ["a.example"], "https://a.example/"),
        ("https://shop.example", [], "https://shop.example"),
        ("https://shop.example:8443/x", ["shop.example:8443"], "https://shop.example:8443/x"),
    ],
)
def test_start_page_is_on_a_permitted_host(approved, version, program, url, hosts, target):
    program.shop_url, program.shop_hosts = url, hosts
    program.save()
    accept(approved, version)
    assert Link.objects.get().target == target


def test_acceptance_without_shop_makes_no_link(approved, version):
    text = accept(approved, version)
    assert not Link.objects.exists()
    assert "Your first tracking link" not in text


def test_link_is_made_once(approved, version, program):
    accept(approved, version)
    approved.refresh_from_db()
    assert ready_made_link.create_ready_made_link(affiliate=approved, now=timezone.now()) is None
    assert Link.objects.count() == 1


def test_second_acceptance_makes_no_link(approved, version, program):
    program.shop_hosts, program.shop_url = [], ""
    program.save()
    accept(approved, version)
    program.shop_hosts = ["shop.example"]
    program.save()
    at = Acceptance.objects.get().accepted_at
    Acceptance.objects.create(
        sequence=2,
        affiliate=approved,
        agreement=AgreementVersion.objects.create(
            name="2", number=2, drafted_at=at, published_at=at, effective_at=at, detriment=False
        ),
        method="offline",
        accepted_at=at,
        recorded_at=at,
        box_ticked=False,
        hash="f" * 64,
    )
    approved.refresh_from_db()
    assert ready_made_link.create_ready_made_link(affiliate=approved, now=timezone.now()) is None


def test_acceptance_is_kept_if_no_link_can_be_made(approved, version, program, monkeypatch):
    monkeypatch.setattr(tracking_links, "MAX_LINKS", 0)
    accept(approved, version)
    assert not Link.objects.exists()
