"""`manage.py setup`, and the steps that it, the staff home and the landing page show."""

import io
import sys

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from agreements.models import AgreementVersion, Program
from audit.models import AuditRecord
from portal.management.commands import setup
from portal.setup_steps import list_missing_steps
from tests.factories import make_staff
from tests.sessions import sign_in

ANSWERS = {
    "SETUP_EMAIL": "Ann@Shop.example",
    "SETUP_PASSWORD": "a long password of Ann",
    "SETUP_SHOP_URL": "https://shop.example/start",
    "SETUP_AGREEMENT_DATE": "2026-01-01",
}
ALL = [
    "Create the first staff account",
    "Add a second factor",
    "Enter the shop's hosts",
    "Publish the first agreement",
    "Connect the shop",
    "Open the program",
]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _required_second_factor(settings) -> None:
    settings.STAFF_MFA_REQUIRED = True


def list_missing() -> list[str]:
    return [step.title for step in list_missing_steps(timezone.now())]


def run_setup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **answers: str) -> str:
    for name in (*ANSWERS, "SETUP_SHOP_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in answers.items():
        monkeypatch.setenv(name, value)
    call_command("setup")
    return capsys.readouterr().out


def test_setup_enters_everything_and_lists_what_is_missing(monkeypatch, capsys):
    assert list_missing() == ALL
    output = run_setup(monkeypatch, capsys, **ANSWERS)
    owner = User.objects.get()
    assert (owner.email, owner.is_superuser) == ("ann@shop.example", True)
    assert owner.check_password(ANSWERS["SETUP_PASSWORD"])
    program = Program.current()
    assert (program.shop_url, program.shop_hosts) == ("https://shop.example/start", ["shop.example"])
    assert AgreementVersion.objects.get_in_force(timezone.now())
    assert program.opened_at is None
    assert list_missing() == ["Add a second factor", "Connect the shop", "Open the program"]
    assert "done     Enter the shop's hosts" in output
    assert "missing  Open the program" in output
    assert {"staff account created", "program changed"} <= set(AuditRecord.objects.values_list("action", flat=True))


def test_second_run_changes_nothing(monkeypatch, capsys):
    run_setup(monkeypatch, capsys, **ANSWERS)
    records = AuditRecord.objects.count()
    other = {"SETUP_EMAIL": "eve@shop.example", "SETUP_PASSWORD": "x", "SETUP_SHOP_URL": "https://evil.example"}
    run_setup(monkeypatch, capsys, **other, SETUP_AGREEMENT_DATE="2025-01-01")
    assert User.objects.get().email == "ann@shop.example"
    assert Program.current().shop_hosts == ["shop.example"]
    assert AgreementVersion.objects.count() == 1
    assert AuditRecord.objects.count() == records


def test_without_answers_nothing_is_entered(monkeypatch, capsys):
    output = run_setup(monkeypatch, capsys)
    assert output.count("missing") == len(ALL)
    assert not User.objects.exists()
    assert not AgreementVersion.objects.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SETUP_PASSWORD": "short"}, "password is too short"),
        ({"SETUP_PASSWORD": ""}, "SETUP_PASSWORD must be set"),
        ({"SETUP_EMAIL": "nobody"}, "valid email address"),
        ({"SETUP_SHOP_HOSTS": "not a host"}, "not a host is not a host name"),
        ({"SETUP_SHOP_HOSTS": "other.example"}, "Add the host of the shop URL"),
        ({"SETUP_SHOP_URL": "nowhere"}, "Shop URL"),
        ({"SETUP_AGREEMENT_DATE": "soon"}, "must be a date"),
    ],
)
def test_bad_answers_are_refused_with_their_cause(monkeypatch, capsys, changes, message):
    with pytest.raises(CommandError, match=message):
        run_setup(monkeypatch, capsys, **ANSWERS | changes)


def test_refused_answers_are_asked_for_again_in_a_terminal(monkeypatch, capsys):
    """A password that was typed wrong once would lock everyone out of the only account."""
    typed = io.StringIO("ann@shop.example\nann@shop.example\nnowhere at all\n\nhttps://shop.example\n\n\n")
    secret = iter([ANSWERS["SETUP_PASSWORD"], "mistyped", ANSWERS["SETUP_PASSWORD"], ANSWERS["SETUP_PASSWORD"]])
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(setup, "getpass", lambda _question: next(secret))
    output = run_setup(monkeypatch, capsys)
    assert User.objects.get().check_password(ANSWERS["SETUP_PASSWORD"])
    assert Program.current().shop_hosts == ["shop.example"]
    assert "done     Enter the shop's hosts" in output
    assert typed.read() == ""


def test_steps_are_done_once_they_are_taken(monkeypatch, capsys):
    run_setup(monkeypatch, capsys, **ANSWERS)
    Authenticator.objects.create(user=User.objects.get(), type=Authenticator.Type.TOTP, data={"secret": "x"})
    call_command("create_api_key", "shop")
    assert list_missing() == ["Open the program"]
    call_command("open_program")
    assert list_missing() == []


def test_staff_home_and_landing_page_show_the_same_steps(settings):
    settings.STAFF_MFA_REQUIRED = False
    client = Client()
    sign_in(client, make_staff(superuser=True))
    home, landing = client.get("/admin/").content.decode(), client.get("/").content.decode()
    for title in list_missing():
        assert title.replace("'", "&#x27;") in home
        assert title.replace("'", "&#x27;") in landing
    assert list_missing() == ALL[2:]


def test_staff_home_of_others_shows_no_steps(agreement):
    client = Client()
    sign_in(client, make_staff("affiliate managers"))
    assert "Still to set up" not in client.get("/admin/").content.decode()
