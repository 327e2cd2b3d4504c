"""Django system checks."""

import pytest
from django import forms
from django.core.management import call_command


def test_system_checks_pass_without_database() -> None:
    # `migrate` runs them too, when there are no tables yet.
    call_command("check", fail_level="WARNING")


@pytest.mark.parametrize(("text", "is_valid"), [("2026-04-03", True), ("03/04/2026", False), ("3 Apr 2026", False)])
def test_only_unambiguous_dates_are_read(text, is_valid):
    form = type("DateForm", (forms.Form,), {"day": forms.DateField()})({"day": text})
    assert form.is_valid() == is_valid
