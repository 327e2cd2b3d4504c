"""Fixtures for tests of tracking."""

import pytest
from django.utils import timezone

from agreements.models import Program
from tests.factories import make_affiliate
from tracking.links import tracking_links
from tracking.models import Link


@pytest.fixture
def link() -> Link:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    return tracking_links.create_link(
        affiliate=make_affiliate(), target="https://shop.example/", now=timezone.now(), by=None
    )
