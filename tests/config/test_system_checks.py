"""Django system checks."""

from django.core.management import call_command


def test_system_checks_pass_without_database() -> None:
    # `migrate` runs them too, when there are no tables yet.
    call_command("check", fail_level="WARNING")
