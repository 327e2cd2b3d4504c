"""The guide to shop connections in the admin."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from shops.admin import guide
from tests.factories import make_staff


@pytest.fixture
def client(db):
    client = Client()
    client.force_login(make_staff("payout preparers"))
    return client


def test_guide_is_a_page_with_headings_tables_and_pictures(client):
    page = client.get(reverse("admin:shops_connection_guide")).content.decode()
    assert '<h2 id="woocommerce">WooCommerce</h2>' in page
    assert '<a href="#categories">Categories</a>' in page
    assert "<table>" in page
    assert "](" not in page
    anchors = set(re.findall(r'<h\d id="([^"]+)"', page))
    assert set(re.findall(r'<li><a href="#([^"]+)"', page)) <= anchors


def test_every_picture_and_file_of_the_guide_is_served(client):
    url = reverse("admin:shops_connection_guide")
    files = re.findall(r'(?:src|href)="(\?file=[^"]+)"', str(guide.render_guide()))
    assert len(files) > 8
    for file in files:
        assert client.get(url + file).status_code == 200, file


@pytest.mark.parametrize(
    "name",
    [
        "../.env",
        "images/../../manage.py",
        "/etc/passwd",
        "images/none.png",
        "examples/../x.py",
        f"images/{'a' * 300}.png",
    ],
)
def test_no_other_file_is_served(client, name):
    assert client.get(reverse("admin:shops_connection_guide"), {"file": name}).status_code == 404
