"""Weak keys stop the start where DEBUG is off."""

import re

import pytest

from config.keys import DEVELOPMENT_KEY, report_weak_keys
from tests.config.production import SECRET_KEY as STRONG
from tests.config.production import run_python

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
    ],
)
def test_weak_secret_key_is_rejected(errors, key, cause):
    report_weak_keys(key, {})
    assert re.fullmatch(f"SECRET_KEY .*{cause}.*", errors[0])


@pytest.mark.parametrize("name", ["CLICK_ID_KEYS", "PAYOUT_DETAILS_KEYS", "PERSONAL_HASH_KEY"])
@pytest.mark.parametrize("keys", [["short"], [OTHER, "short"], [""], [], ["a" * 40], [OTHER[:31]]])
def test_weak_other_key_is_rejected(errors, name, keys):
    report_weak_keys(STRONG, {name: keys})
    assert [error.split()[0] for error in errors] == [name]


def test_all_weak_keys_are_named_at_once(errors):
    report_weak_keys("short", {"CLICK_ID_KEYS": [OTHER], "PAYOUT_DETAILS_KEYS": ["short"]})
    assert [error.split()[0] for error in errors] == ["SECRET_KEY", "PAYOUT_DETAILS_KEYS"]


def test_strong_keys_are_accepted(errors):
    report_weak_keys(STRONG, {"CLICK_ID_KEYS": [OTHER, STRONG], "PERSONAL_HASH_KEY": [OTHER]})
    assert errors == []


@pytest.mark.parametrize(
    "change", [{"SECRET_KEY": DEVELOPMENT_KEY}, {"PAYOUT_DETAILS_KEYS": "short"}, {"PERSONAL_HASH_KEY": "short"}]
)
def test_production_does_not_start_with_a_weak_key(change):
    result = run_python("-c", "import config.settings", **change)
    assert result.returncode != 0
    assert f"1 error in the configuration:\n  {next(iter(change))}" in result.stderr
