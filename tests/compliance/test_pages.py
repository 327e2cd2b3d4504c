"""The pages of reviews and of reports of abuse ..."""

import itertools
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from compliance.models import AbuseReport, Review, ReviewFile, Signal
from compliance.reviews import decisions, replies
from compliance.reviews.open_review import open_review
from tests.compliance.cases import days, make_active_affiliate, make_order

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def review(affiliate, reviewer):
    now = timezone.now()
    named = make_order(affiliate, now - days(5))
    return open_review(
        affiliate=affiliate, activity="fraud", summary="Odd orders.", commissions=[named], now=now, by=reviewer
    )


@pytest.fixture
def signed_in(client, affiliate):
    client.force_login(affiliate.user)
    return client


def upload(name, content):
    return SimpleUploadedFile(name, content, content_type="image/png")


def reply(client, review, *files, text="It was not me."):
    return client.post(reverse("compliance:reply", args=[review.pk]), {"text": text, "files": list(files)})


def test_show_an_affiliate_their_reviews_and_every_step_but_private_notes(signed_in, review, reviewer):
    replies.add_note(review=review, text="Looks guilty to me.", now=timezone.now(), by=reviewer)
    listed = signed_in.get(reverse("compliance:reviews")).content.decode()
    assert reverse("compliance:review", args=[review.pk]) in listed
    page = signed_in.get(reverse("compliance:review", args=[review.pk])).content.decode()
    assert "Odd orders." in page
    assert "#clause-6.1" in page
    assert "5.00\u00a0USD" in page
    assert "guilty" not in page
    assert str(reviewer) not in page


@pytest.mark.parametrize("name", ["review", "reply", "appeal"])
def test_answer_alike_for_anothers_review_and_for_none(client, review, name):
    client.force_login(make_active_affiliate().user)
    verb = client.get if name == "review" else client.post
    for pk in (review.pk, uuid4()):
        assert verb(reverse(f"compliance:{name}", args=[pk]), {"text": "Mine?"}).status_code == 404
    assert review.events.count() == 1


def test_send_visitors_to_sign_in(client, review):
    for name, arguments in (("reviews", []), ("review", [review.pk])):
        response = client.get(reverse(f"compliance:{name}", args=arguments))
        assert response.status_code == 302
        assert reverse("account_login") in response.url


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("shot.png", PNG, "image/png"),
        ("shot.JPEG", JPEG, "image/jpeg"),
        ("bill.pdf", PDF, "application/pdf"),
        ("note.txt", "Grüße\n".encode(), "text/plain"),
        ("note.txt", HTML, "text/plain"),  # is stored as the text that it claims to be
    ],
)
def test_take_files_by_what_they_contain_and_give_them_back_as_downloads(
    signed_in, review, name, content, content_type
):
    assert reply(signed_in, review, upload(name, content)).status_code == 302
    file = ReviewFile.objects.get()
    assert (file.name, file.content_type, bytes(file.content)) == (name, content_type, content)
    response = signed_in.get(reverse("compliance:review_file", args=[review.pk, file.pk]))
    assert response.content == content
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == content_type
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("shot.png", HTML),
        ("shot.png", PDF),
        ("page.html", HTML),
        ("drawing.svg", b"<svg onload='alert(1)'/>"),
        ("tool.exe", b"MZ\x90\x00"),
        ("note.txt", b"\x00\x01\x02"),
        ("note.txt", b"\xff\xfe"),
        ("big.txt", b"a" * (5 * 1024 * 1024 + 1)),
        ("noname", b"text"),
    ],
)
def test_refuse_files_of_another_type_or_size_and_store_nothing(signed_in, review, name, content):
    response = reply(signed_in, review, upload(name, content))
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert review.events.count() == 1
    assert not ReviewFile.objects.exists()


def test_take_five_files_of_five_megabytes_and_no_sixth(signed_in, review):
    five = [upload(f"{number}.txt", b"a" * (5 * 1024 * 1024)) for number in range(5)]
    assert reply(signed_in, review, *five).status_code == 302
    six = [upload(f"{number}.txt", b"a") for number in range(6)]
    assert reply(signed_in, review, *six).status_code == 422
    assert ReviewFile.objects.count() == 5


def test_give_a_file_to_nobody_else(client, signed_in, review):
    reply(signed_in, review, upload("shot.png", PNG))
    file = ReviewFile.objects.get()
    client.force_login(make_active_affiliate().user)
    assert client.get(reverse("compliance:review_file", args=[review.pk, file.pk])).status_code == 404


def test_strip_a_file_name_of_its_path(signed_in, review):
    from compliance.reviews.evidence_files import validate_file

    assert validate_file("..\\..\\etc/passwd.txt", b"x").name == "passwd.txt"
    assert validate_file("a\u202e\r\nb.txt", b"x").name == "ab.txt"


def test_keep_what_was_typed_when_it_is_too_late(signed_in, review):
    Review.objects.filter(pk=review.pk).update(reply_by=timezone.now())
    response = reply(signed_in, review, text="I was on holiday.")
    assert response.status_code == 422
    assert "I was on holiday." in response.content.decode()
    assert "The deadline for a reply has passed." in response.content.decode()


def test_ask_for_a_reply_until_there_is_one(signed_in, review):
    address = reverse("compliance:review", args=[review.pk])
    asked = signed_in.get(address).content.decode()
    assert "Please reply by" in asked
    assert "We may decide as soon as you have replied." in asked
    reply(signed_in, review)
    thanked = signed_in.get(address).content.decode()
    assert "Please reply by" not in thanked
    assert "We have received your reply and will decide by" in thanked
    assert "You can add to it until" in thanked
    Review.objects.filter(pk=review.pk).update(reply_by=timezone.now())
    late = signed_in.get(address).content.decode()
    assert "We have received your reply" in late
    assert "You can add to it until" not in late


def test_take_an_appeal(signed_in, review, reviewer):
    reply(signed_in, review)
    decisions.decide(review=review, decision="warning", reason="So.", now=timezone.now(), by=reviewer)
    assert "Send appeal" in signed_in.get(reverse("compliance:review", args=[review.pk])).content.decode()
    response = signed_in.post(reverse("compliance:appeal", args=[review.pk]), {"text": "No!"})
    assert response.status_code == 302
    review.refresh_from_db()
    assert review.state == "appealed"
    assert signed_in.post(reverse("compliance:appeal", args=[review.pk]), {"text": "No!"}).status_code == 422


# --- Reports of abuse


def report(client, address="192.0.2.1", **changes):
    values = {"page_url": "https://spam.example.com/", "link_or_coupon": "", "text": "They spam me.", "email": ""}
    return client.post(reverse("compliance:report_abuse"), values | changes, REMOTE_ADDR=address)


networks = itertools.count(1)


@pytest.fixture
def network(monkeypatch):
    """A network of its own for each test: the limit outlives a test."""
    return f"10.{next(networks)}.{uuid4().int % 250}."


def test_take_a_report_and_find_whom_it_is_about(client, affiliate, network):
    assert client.get(reverse("compliance:report_abuse")).status_code == 200
    assert report(client, network + "1", link_or_coupon=affiliate.code.lower()).status_code == 302
    signal = Signal.objects.get()
    assert (signal.kind, signal.affiliate, signal.state) == ("abuse_report", affiliate, "open")
    assert signal.report.text == "They spam me."
    assert not Review.objects.exists()


def test_take_a_report_about_nobody_known(client, db, network):
    assert report(client, network + "1", link_or_coupon="https://shop.example.com/r/nobody?x=1").status_code == 302
    assert Signal.objects.get().affiliate is None


@pytest.mark.parametrize("changes", [{"text": ""}, {"page_url": "nonsense"}, {"email": "x"}, {"text": "a\0b"}])
def test_refuse_a_report_that_is_incomplete(client, db, network, changes):
    assert report(client, network + "1", **changes).status_code == 422
    assert not AbuseReport.objects.exists()


def test_take_five_reports_an_hour_from_one_network(client, db, network, settings):
    settings.ABUSE_REPORTS_PER_HOUR = 5
    answers = [report(client, f"{network}{host}").status_code for host in range(1, 7)]
    assert answers == [302] * 5 + [429]
    assert AbuseReport.objects.count() == 5


def test_take_reports_while_the_cache_is_away(client, db, network, monkeypatch, settings):
    from django.core.cache import cache
    from redis.exceptions import ConnectionError as Away

    from compliance.signals import abuse_reports

    def away(*_arguments, **_options):
        raise Away

    settings.ABUSE_REPORTS_PER_HOUR = 1
    monkeypatch.setattr(cache, "add", away)
    monkeypatch.setattr(abuse_reports, "GLOBAL_LIMIT_FACTOR", 2)
    assert [report(client, network + "1").status_code for _ in range(3)] == [302, 302, 429]
