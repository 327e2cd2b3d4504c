"""Names of an affiliate's own in the addresses of links."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from affiliates.models import Affiliate
from agreements.models import Program
from audit.models import AuditRecord
from lib.triggers import allow_redaction
from tests.factories import NOW, make_affiliate, make_staff
from tracking.clicks import link_loader
from tracking.links import own_names, tracking_links
from tracking.models import Link, LinkName

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def shop() -> Program:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    return program


@pytest.fixture
def affiliate() -> Affiliate:
    return make_affiliate()


def create(affiliate: Affiliate, **fields: Any) -> Link:
    return tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example/", now=NOW, by=affiliate.user, **fields
    )


def rename(link: Link, own_name: str, by: Any = None) -> None:
    tracking_links.update_link(link=link, target=link.target, own_name=own_name, now=NOW, by=by or link.affiliate.user)


def load(*codes: str) -> dict[str, Any]:
    return {code: link.id for code, link in link_loader.load_links(codes, now=NOW).items()}


def test_link_is_published_under_its_name_and_its_code_keeps_working(affiliate: Affiliate) -> None:
    link = create(affiliate, own_name=" Anna-Garden ")
    assert tracking_links.build_short_url(link).endswith("/r/anna-garden")
    for code in (link.code, "anna-garden", "ANNA-Garden"):
        response = Client(headers={"user-agent": BROWSER}).get(f"/r/{code}")
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "https://shop.example/")
    assert Client().get("/r/anna").status_code == 404


def test_shortest_name_is_redirected(affiliate: Affiliate) -> None:
    create(affiliate, own_name="abc")
    assert Client(headers={"user-agent": BROWSER}).get("/r/abc").status_code == 302


def test_names_and_codes_are_loaded_by_one_query(affiliate: Affiliate, django_assert_num_queries: Any) -> None:
    named, plain = create(affiliate, own_name="anna-garden"), create(affiliate)
    codes = ["anna-garden", "Anna-garden", plain.code, "unknown1"]
    # The links, the program, the agreement versions and the acceptances.
    with django_assert_num_queries(4):
        found = load(*codes)
    assert found == {"anna-garden": named.pk, "Anna-garden": named.pk, plain.code: plain.pk}
    with django_assert_num_queries(4):
        load(plain.code)


def test_code_in_other_letter_case_is_not_found(affiliate: Affiliate) -> None:
    link = create(affiliate)
    swapped = link.code.swapcase()
    assert swapped == link.code or load(link.code, swapped) == {link.code: link.pk}


def test_names_of_links_with_recent_clicks_are_loaded_in_advance(affiliate: Affiliate) -> None:
    link = create(affiliate, own_name="first-name")
    rename(link, "second-name")
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert Client(headers={"user-agent": BROWSER}).get("/r/second-name").status_code == 302
    assert set(link_loader.list_codes_served_since(before)) == {link.code, "first-name", "second-name"}


@pytest.mark.parametrize(
    "name", ["ab", "a" * 41, "anna garden", "änna", "anna_garden", "anna/x", "-anna", "anna-", "\u017fhop", "a\x00bc"]
)
def test_malformed_name_is_refused(affiliate: Affiliate, name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        create(affiliate, own_name=name)
    assert list(caught.value.message_dict) == ["own_name"]
    assert not Link.objects.exists()


@pytest.mark.parametrize("name", ["admin", "ADMIN", "api", "login", "erased-anna"])
def test_reserved_name_is_refused(affiliate: Affiliate, name: str) -> None:
    with pytest.raises(ValidationError, match="reserved"):
        create(affiliate, own_name=name)


@pytest.mark.parametrize("name", ["abc", "a" * 40, "anna-garden", "2026", "a--b", "Anna\u200b-Garden"])
def test_fitting_name_is_accepted(affiliate: Affiliate, name: str) -> None:
    assert create(affiliate, own_name=name).own_name == name.replace("\u200b", "").lower()


def test_name_of_another_link_is_taken_in_any_letter_case(affiliate: Affiliate) -> None:
    create(affiliate, own_name="anna-garden")
    for other in (affiliate, make_affiliate()):
        with pytest.raises(ValidationError, match="taken"):
            create(other, own_name="Anna-Garden")


def test_code_of_a_link_is_no_name(affiliate: Affiliate) -> None:
    link = create(affiliate)
    with pytest.raises(ValidationError, match="taken"):
        create(make_affiliate(), own_name=link.code)
    with pytest.raises(IntegrityError), transaction.atomic():
        LinkName.objects.create(link=link, name=link.code.lower(), created_at=NOW)


def test_code_is_never_equal_to_a_name(affiliate: Affiliate, monkeypatch: pytest.MonkeyPatch) -> None:
    create(affiliate, own_name="aaaaaaaa")
    letters = iter("A" * 8 + "b" * 8)
    monkeypatch.setattr("tracking.links.tracking_links.secrets.choice", lambda _all: next(letters))
    assert create(affiliate).code == "b" * 8


def test_given_up_name_leads_to_its_link_for_ever(affiliate: Affiliate) -> None:
    link = create(affiliate, own_name="anna-garden")
    rename(link, "anna-kitchen")
    assert load("anna-garden", "anna-kitchen") == dict.fromkeys(("anna-garden", "anna-kitchen"), link.pk)
    with pytest.raises(ValidationError, match="taken"):
        create(make_affiliate(), own_name="anna-garden")
    rename(link, "")
    assert tracking_links.build_short_url(link).endswith(link.code)
    assert own_names.list_earlier_names(link) == ["anna-garden", "anna-kitchen"]
    rename(link, "anna-garden")
    assert (link.own_name, LinkName.objects.count()) == ("anna-garden", 2)


def test_name_stays_if_the_change_does_not_mention_it(affiliate: Affiliate) -> None:
    link = create(affiliate, own_name="anna-garden")
    tracking_links.update_link(link=link, target="https://shop.example/b", now=NOW, by=affiliate.user)
    link.refresh_from_db()
    assert link.own_name == "anna-garden"


def test_number_of_names_is_limited(affiliate: Affiliate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_names, "MAX_NAMES", 2)
    link = create(affiliate, own_name="one")
    rename(link, "two")
    with pytest.raises(ValidationError, match="at most 2 names"):
        rename(link, "three")
    assert link.own_name == "two"


def test_change_of_name_by_staff_is_audited(affiliate: Affiliate) -> None:
    link = create(affiliate)
    rename(link, "anna-garden", by=make_staff())
    record = AuditRecord.objects.get(subject_id=str(link.pk))
    assert (record.before["own_name"], record.after["own_name"]) == (None, "anna-garden")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tracking_linkname SET link_id = (SELECT id FROM tracking_link WHERE own_name IS NULL)",
        "UPDATE tracking_linkname SET name = 'other'",
        "DELETE FROM tracking_linkname",
        "UPDATE tracking_link SET own_name = 'other'",
        "UPDATE tracking_link SET own_name = 'anna-garden' WHERE own_name IS NULL",
        (
            "INSERT INTO tracking_linkname (id, name, created_at, link_id)"
            " SELECT gen_random_uuid(), 'Anna', now(), id FROM tracking_link LIMIT 1"
        ),
    ],
)
def test_database_keeps_names_on_their_links(affiliate: Affiliate, statement: str) -> None:
    create(affiliate, own_name="anna-garden")
    create(affiliate)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)


def test_erased_name_leads_nowhere_and_stays_reserved(affiliate: Affiliate) -> None:
    link = create(affiliate, own_name="anna-garden")
    with allow_redaction():
        own_names.erase_names(affiliate=affiliate)
        own_names.erase_names(affiliate=affiliate)
    assert load("anna-garden", link.code) == {link.code: link.pk}
    link.refresh_from_db()
    [name] = LinkName.objects.values_list("name", flat=True)
    assert link.own_name is None
    assert "anna" not in name
    with pytest.raises(ValidationError, match="taken"):
        create(make_affiliate(), own_name="anna-garden")


@pytest.mark.parametrize("text", ["anna-garden", "ANNA-GARDEN"])
def test_link_is_found_by_name(affiliate: Affiliate, text: str) -> None:
    link = create(affiliate, own_name="anna-garden")
    assert own_names.find_link(text) == link
    assert own_names.find_link(link.code) == link
    assert own_names.find_link("unknown") is None
