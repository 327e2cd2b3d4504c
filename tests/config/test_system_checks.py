"""The system checks, which Django makes before nearly every command ..."""

from django.core.management import call_command


def test_find_nothing_and_need_no_database() -> None:
    # Without a database: `migrate` makes them too, when there is no table yet that they could look into.
    call_command("check", fail_level="WARNING")
