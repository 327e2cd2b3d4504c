"""The demo command refuses unsafe or half-filled databases."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from agreements.models import AgreementVersion
from agreements.seeding import publish_seed_agreement
from portal.demo import logins
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_demo_is_refused_without_debug():
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", "--if-empty")
    assert not AgreementVersion.objects.exists()


def test_logins_are_not_printed_without_a_demo(capsys):
    call_command("demo", "--logins")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no demo program" in printed.err


def test_unfinished_demo_is_reported(capsys):
    publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    User.objects.create_user(logins.OWNER.email)
    call_command("demo", "--if-empty")
    assert "never finished" in capsys.readouterr().err
