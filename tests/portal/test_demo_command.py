"""The command that makes the demo"""

import pytest
from django.core.management import CommandError, call_command

from agreements.models import Agreement

pytestmark = pytest.mark.django_db


def test_refuses_where_its_password_would_be_a_door():
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", "--if-empty")
    assert not Agreement.objects.exists()


def test_prints_no_logins_where_there_is_no_demo(capsys):
    call_command("demo", "--logins")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no demo program" in printed.err
