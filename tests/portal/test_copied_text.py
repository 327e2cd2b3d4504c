"""E-mail addresses and names that were copied with invisible characters: one person, one account (specification 9)."""

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from affiliates.models import Affiliate
from compliance.models import AbuseReport
from mail.models import Message
from tests.factories import make_staff, make_user
from tests.portal.test_apply import apply

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse 7 battery"
MARKS = ("\u200b", "\u200e", "\u200f", "\ufeff", "\u2060", "\xad", "\xa0", "\u202c")
marked = pytest.mark.parametrize("mark", MARKS, ids=ascii)


@pytest.fixture(autouse=True)
def _clear_rate_limits() -> None:
    cache.clear()


@marked
def test_applicant_has_one_account_whatever_was_copied_with_the_address(agreement, mark):
    apply(email=f"{mark}ZW@example.org{mark}", name=f"{mark}\u05d3\u05e0\u05d4{mark} Levi{mark}")
    assert Affiliate.objects.get().name == "\u05d3\u05e0\u05d4 Levi"
    assert User.objects.get().name == "\u05d3\u05e0\u05d4 Levi"
    assert User.objects.get().email == EmailAddress.objects.get().email == "zw@example.org"
    apply(email=f"zw@example.org{mark}")
    assert User.objects.count() == 1


@marked
def test_person_signs_in_whatever_was_copied_with_the_address(mark):
    user = make_user(email="zw@example.org", password=PASSWORD)
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    client = Client()
    client.post("/accounts/login/", {"login": f"Zw@example.org{mark}", "password": PASSWORD})
    assert client.session.get("_auth_user_id") == str(user.pk)


def test_new_password_is_sent_whatever_was_copied_with_the_address():
    user = make_user(email="zw@example.org", password=PASSWORD)
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    Client().post("/accounts/password/reset/", {"email": "zw@example.org\u200b"})
    assert Message.objects.get(kind="account", to="zw@example.org").context["url"]


@marked
def test_changed_address_and_name_lose_invisible_characters(affiliate_factory, client_for, mark):
    affiliate = affiliate_factory(name="Greta")
    client = client_for(affiliate.user)
    client.post("/profile/", {"name": f"{mark}Levi{mark}", "country": "FR", "time_zone": "UTC"})
    affiliate.refresh_from_db()
    assert affiliate.name == "Levi"
    assert User.objects.get(pk=affiliate.user_id).name == "Levi"


def test_name_keeps_the_joiners_that_its_script_needs(affiliate_factory, client_for):
    name = "\u0646\u06cc\u200c\u0644\u0648\u0641\u0631"
    affiliate = affiliate_factory(name="Greta")
    client_for(affiliate.user).post("/profile/", {"name": f"{name}\u200c", "country": "FR", "time_zone": "UTC"})
    affiliate.refresh_from_db()
    assert affiliate.name == name


def test_name_of_invisible_characters_alone_is_refused(affiliate_factory, client_for):
    affiliate = affiliate_factory(name="Greta")
    page = client_for(affiliate.user).post("/profile/", {"name": "\u200b\u200e", "country": "FR", "time_zone": "UTC"})
    assert "This field is required." in page.content.decode()


@marked
def test_imported_affiliates_lose_invisible_characters(agreement, tmp_path, mark):
    file = tmp_path / "affiliates.csv"
    file.write_text(f"code,email,name,country\nZW,{mark}ZW@example.org{mark},{mark}Levi{mark},GB\n", encoding="utf-8")
    call_command("import_affiliates", str(file))
    assert (User.objects.get().email, User.objects.get().name) == ("zw@example.org", "Levi")
    assert Affiliate.objects.get().name == "Levi"


@marked
def test_user_of_the_admin_loses_invisible_characters(client, mark):
    client.force_login(make_staff(superuser=True))
    form = {"email": f"ZW@example.org{mark}", "name": f"Levi{mark}", "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("admin:accounts_user_add"), form | {"usable_password": "true", "audit_reason": "A test."})
    user = User.objects.get(email="zw@example.org")
    assert user.name == "Levi"
    changed = {"email": f"New@example.org{mark}", "name": f"Levi{mark} B", "is_active": "on", "audit_reason": "A test."}
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), changed)
    user.refresh_from_db()
    assert (user.email, user.name) == ("new@example.org", "Levi B")


@marked
def test_address_of_a_reporter_loses_invisible_characters(agreement, mark):
    form = {"text": "Spam.", "email": f"ZW@example.org{mark}", "page_url": "https://site.example/"}
    Client().post("/report-abuse/", form)
    assert AbuseReport.objects.get().email == "zw@example.org"


@pytest.mark.parametrize("email", ["zw@exam ple.org", "zw@", "\u200b", "a\u0301"])
def test_address_that_is_none_after_cleaning_is_refused(agreement, email):
    assert apply(email=email).status_code == 200
    assert not User.objects.exists()
