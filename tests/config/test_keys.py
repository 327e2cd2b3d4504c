"""Weak keys stop the start where DEBUG is off."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.keys import DEVELOPMENT_KEY, require_strong_keys

STRONG = "kQ3v9Zr-1xT7bW_mYc5LhJd8RfUe2NsGa6Po4iBtVwXyEzHqMlKjC0SgAn"
OTHER = "b7Xq_2mVd9RkTz5LwHc1YpNsGe8JfUa4"


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        (DEVELOPMENT_KEY, "published"),
        (DEVELOPMENT_KEY + "-2", "published"),
        ("django-insecure-" + STRONG, "published"),
        ("short", "at least 50 characters"),
        (STRONG[:49], "at least 50 characters"),
        ("a" * 60, "random"),
        ("abcabcab" * 8, "random"),
        ("0123456789" * 6, "random"),
        ("", "at least 50 characters"),
    ],
)
def test_weak_secret_key_is_rejected(key, cause):
    with pytest.raises(ImproperlyConfigured, match=f"SECRET_KEY .*{cause}"):
        require_strong_keys(key, {})


@pytest.mark.parametrize("name", ["CLICK_ID_KEYS", "PAYOUT_DETAILS_KEYS", "PERSONAL_HASH_KEY"])
@pytest.mark.parametrize("keys", [["short"], [OTHER, "short"], [""], [], ["a" * 40], [OTHER[:31]]])
def test_weak_other_key_is_rejected(name, keys):
    with pytest.raises(ImproperlyConfigured, match=name):
        require_strong_keys(STRONG, {name: keys})


def test_all_weak_keys_are_named_at_once():
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY .*; PAYOUT_DETAILS_KEYS "):
        require_strong_keys("short", {"CLICK_ID_KEYS": [OTHER], "PAYOUT_DETAILS_KEYS": ["short"]})


def test_strong_keys_are_accepted():
    require_strong_keys(STRONG, {"CLICK_ID_KEYS": [OTHER, STRONG], "PERSONAL_HASH_KEY": [OTHER]})


PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": STRONG,
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "BASE_URL": "https://example.com",
    "ALLOWED_HOSTS": "example.com",
    "EMAIL_URL": "smtp://127.0.0.1:25",
}


@pytest.mark.parametrize(
    "change", [{"SECRET_KEY": DEVELOPMENT_KEY}, {"PAYOUT_DETAILS_KEYS": "short"}, {"PERSONAL_HASH_KEY": "short"}]
)
def test_production_does_not_start_with_a_weak_key(change):
    result = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **PRODUCTION, **change},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert f"ImproperlyConfigured: {next(iter(change))}" in result.stderr
