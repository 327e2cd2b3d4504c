"""Many links at once, from pasted addresses."""

import csv
import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from affiliates.models import Affiliate
from tests.factories import make_affiliate
from tracking.links import bulk_links, tracking_links
from tracking.models import Link

pytestmark = pytest.mark.django_db
GOOD = "https://shop.example/a\n\n  https://shop.example/b c  \r\nhttps://shop.example/c?click_id=1\n"
MIXED = "https://shop.example/a\nhttps://evil.example/\nnonsense\nhttps://shop.example/a\nhttps://shop.example/b\n"


@pytest.fixture
def affiliate(link: Link) -> Affiliate:
    """An affiliate who has one link."""
    return link.affiliate


@pytest.fixture
def signed_in(client: Client, affiliate: Affiliate) -> Client:
    client.force_login(affiliate.user)
    return client


def list_new_targets() -> list[str]:
    return list(Link.objects.exclude(target="https://shop.example/").order_by("pk").values_list("target", flat=True))


def test_lines_are_read_with_number_and_cause(affiliate: Affiliate) -> None:
    lines = [(line.number, line.target, line.error) for line in bulk_links.read_lines(MIXED)]
    assert lines == [
        (1, "https://shop.example/a", ""),
        (2, "", "Enter a page on shop.example. Links to evil.example are not allowed."),
        (3, "", "Enter a full URL, such as https://shop.example/page."),
        (4, "", "The same address as in line 1."),
        (5, "https://shop.example/b", ""),
    ]


def test_address_of_the_shop_may_lack_its_scheme(affiliate: Affiliate) -> None:
    lines = bulk_links.read_lines(" SHOP.example/a\nshop.example\nevil.example/shop.example/\n")
    assert [line.target for line in lines] == ["https://SHOP.example/a", "https://shop.example", ""]


@pytest.mark.parametrize("text", ["", " \n\n", "https://shop.example/\n" * 201])
def test_none_or_too_many_lines_are_refused(affiliate: Affiliate, text: str) -> None:
    with pytest.raises(ValidationError):
        bulk_links.read_lines(text)


def test_two_hundred_links_are_created_by_few_queries(affiliate: Affiliate, django_assert_max_num_queries: Any) -> None:
    targets = [f"https://shop.example/{number}" for number in range(200)]
    with django_assert_max_num_queries(8):
        links = bulk_links.create_links(affiliate=affiliate, targets=targets, now=timezone.now())
    assert [link.target for link in links] == targets
    assert len({link.code for link in Link.objects.all()}) == 201


def test_links_beyond_the_limit_are_refused(affiliate: Affiliate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking_links, "MAX_LINKS", 2)
    with pytest.raises(ValidationError, match="at most 2 links"):
        bulk_links.create_links(affiliate=affiliate, targets=["https://shop.example/1"] * 2, now=timezone.now())
    assert Link.objects.count() == 1


def test_good_addresses_become_links_at_once(signed_in: Client) -> None:
    response = signed_in.post("/links/bulk/", {"addresses": GOOD}, follow=True)
    assert list_new_targets() == ["https://shop.example/a", "https://shop.example/b%20c", "https://shop.example/c"]
    text = response.content.decode()
    for link in Link.objects.exclude(target="https://shop.example/"):
        assert text.count(tracking_links.build_short_url(link)) >= 2
    url = response.redirect_chain[0][0].replace("/created/", "/created.csv")
    rows = list(csv.DictReader(io.StringIO(signed_in.get(url).content.decode("utf-8-sig"))))
    assert [row["destination"] for row in rows] == list_new_targets()
    assert rows[0]["tracking_link"].startswith("http://")


def test_nothing_is_stored_while_a_line_is_refused(signed_in: Client) -> None:
    text = signed_in.post("/links/bulk/", {"addresses": MIXED}).content.decode()
    assert list_new_targets() == []
    assert "3 lines are refused, and nothing is stored yet." in text
    assert "Links to evil.example are not allowed." in text
    assert "Create 2 links without the refused lines" in text
    signed_in.post("/links/bulk/", {"addresses": MIXED, "confirmed": "1"})
    assert list_new_targets() == ["https://shop.example/a", "https://shop.example/b"]


def test_confirmation_without_any_good_line_stores_nothing(signed_in: Client) -> None:
    text = signed_in.post("/links/bulk/", {"addresses": "nonsense", "confirmed": "1"}).content.decode()
    assert "1 line is refused" in text
    assert "without the refused lines" not in text
    assert list_new_targets() == []


def test_check_is_downloaded_as_csv_and_stores_nothing(signed_in: Client) -> None:
    content = signed_in.post("/links/bulk/", {"addresses": MIXED, "check": "1"}).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert [row[0] for row in rows] == ["line", "1", "2", "3", "4", "5"]
    assert (rows[1][2], rows[3][2]) == ("can be created", "Enter a full URL, such as https://shop.example/page.")
    assert list_new_targets() == []


@pytest.mark.parametrize("addresses", ["", "\x00", "https://shop.example/\n" * 201])
def test_invalid_form_is_explained(signed_in: Client, addresses: str) -> None:
    text = signed_in.post("/links/bulk/", {"addresses": addresses}).content.decode()
    assert "error-summary" in text
    assert list_new_targets() == []


def test_inactive_affiliate_creates_nothing(signed_in: Client, affiliate: Affiliate) -> None:
    Affiliate.objects.filter(pk=affiliate.pk).update(state="suspended")
    text = signed_in.post("/links/bulk/", {"addresses": GOOD}).content.decode()
    assert "Only active affiliates can create" in text
    assert list_new_targets() == []


@pytest.mark.parametrize("at", ["", "nonsense", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00"])
def test_page_of_new_links_needs_their_time(signed_in: Client, at: str) -> None:
    for path in ("/links/bulk/created/", "/links/bulk/created.csv"):
        assert signed_in.get(path, {"at": at}).status_code == 404


def test_new_links_of_another_affiliate_are_not_found(client: Client, link: Link) -> None:
    client.force_login(make_affiliate().user)
    assert client.get("/links/bulk/created/", {"at": link.created_at.isoformat()}).status_code == 404


def test_links_created_together_share_name_and_sub_ids(signed_in: Client) -> None:
    posted = {"addresses": GOOD, "name": " Spring ", "sub1": "newsletter", "sub3": "may"}
    signed_in.post("/links/bulk/", posted)
    rows = Link.objects.exclude(target="https://shop.example/")
    assert {(row.name, row.sub1, row.sub2, row.sub3) for row in rows} == {("Spring", "newsletter", "", "may")}
    assert rows.count() == 3


@pytest.mark.parametrize("field", ["name", "sub2"])
@pytest.mark.parametrize("text", ["x" * 101, "a\u202eb"])
def test_wrong_name_or_sub_id_creates_no_link(field: str, text: str, signed_in: Client) -> None:
    response = signed_in.post("/links/bulk/", {"addresses": GOOD, field: text})
    assert list(response.context["form"].errors) == [field]
    assert list_new_targets() == []
