"""The command that makes the demo"""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from agreements.models import AgreementVersion
from agreements.seeding import publish_seed_agreement
from portal.demo import logins
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_refuses_where_its_password_would_be_a_door():
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", "--if-empty")
    assert not AgreementVersion.objects.exists()


def test_prints_no_logins_where_there_is_no_demo(capsys):
    call_command("demo", "--logins")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no demo program" in printed.err


def test_says_that_an_earlier_one_was_stopped_halfway(capsys):
    publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    User.objects.create_user(logins.OWNER.email)
    call_command("demo", "--if-empty")
    assert "never finished" in capsys.readouterr().err
