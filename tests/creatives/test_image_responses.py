"""The public address of a banner's image: what an affiliate's channel shows, and for how long."""

import io
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from PIL import Image

from creatives import library
from creatives.models import Creative
from lib.ids import uuid7
from tests.creatives.samples import build_image, upload_banner, upload_text
from tests.factories import make_staff, make_user

pytestmark = pytest.mark.django_db
CONTENT = build_image("JPEG", (300, 250))


def get_image(creative: Creative, **headers: str):
    return Client().get(f"/creatives/images/{creative.pk}", headers=headers)


def assert_neutral(response: HttpResponse, size: tuple[int, int] = (300, 250)) -> None:
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png")
    with Image.open(io.BytesIO(response.content), formats=["PNG"]) as image:
        assert image.size == size


def test_active_banner_is_served_as_uploaded_and_as_nothing_but_an_image(shop):
    response = get_image(upload_banner(image=CONTENT, now=timezone.now()))
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


def test_withdrawn_banner_is_a_neutral_image_of_the_same_size(shop):
    banner = upload_banner(image=CONTENT, now=timezone.now())
    before = get_image(banner)
    library.withdraw_creative(creative=banner, reason="Over.", now=timezone.now(), by=None)
    assert_neutral(get_image(banner))
    # A cached copy is not confirmed.
    assert_neutral(get_image(banner, if_none_match=before.headers["ETag"]))


@pytest.mark.parametrize(("starts", "ends"), [(1, 2), (-2, -1)], ids=["scheduled", "expired"])
def test_banner_outside_its_period_is_neutral(shop, starts, ends):
    now, day = timezone.now(), timedelta(days=1)
    assert_neutral(
        get_image(upload_banner(image=CONTENT, active_from=now + starts * day, active_until=now + ends * day))
    )


def test_unchanged_image_is_not_sent_again(shop):
    banner = upload_banner(now=timezone.now())
    again = get_image(banner, if_none_match=get_image(banner).headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=300"


def test_person_who_is_signed_in_gets_the_same_response(shop):
    client = Client()
    client.force_login(make_user())
    response = client.get(f"/creatives/images/{upload_banner(now=timezone.now()).pk}")
    assert response.headers["Cache-Control"] == "public, max-age=300"


def test_address_without_a_banner_is_404(shop):
    unknown = Client().get(f"/creatives/images/{uuid7()}")
    text = get_image(upload_text(now=timezone.now()))
    assert (unknown.status_code, text.status_code) == (404, 404)
    assert unknown.content == text.content
    assert Client().get("/creatives/images/nothing").status_code == 404


def test_staff_preview_shows_a_withdrawn_banner(shop):
    banner = upload_banner(image=CONTENT)
    library.withdraw_creative(creative=banner, reason="Over.", now=timezone.now(), by=None)
    client = Client()
    client.force_login(make_staff("compliance reviewers"))
    response = client.get(f"/admin/creatives/creative/{banner.pk}/image/")
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
