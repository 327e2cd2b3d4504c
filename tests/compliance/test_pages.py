"""Review pages of affiliates and the public abuse report form."""

import itertools
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

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


def make_upload(name, content):
    return SimpleUploadedFile(name, content, content_type="image/png")


def reply(client, review, *files, text="It was not me."):
    return client.post(reverse("compliance:reply", args=[review.pk]), {"text": text, "files": list(files)})


def test_review_page_shows_all_events_except_private_notes(signed_in, review, reviewer):
    replies.add_note(review=review, text="Looks guilty to me.", now=timezone.now(), by=reviewer)
    review_list = signed_in.get(reverse("compliance:reviews")).content.decode()
    assert reverse("compliance:review", args=[review.pk]) in review_list
    page = signed_in.get(reverse("compliance:review", args=[review.pk])).content.decode()
    assert "Odd orders." in page
    assert "#clause-6.1" in page
    assert "5.00\u00a0USD" in page
    assert "guilty" not in page
    assert str(reviewer) not in page


@pytest.mark.parametrize("name", ["review", "reply", "appeal"])
def test_review_of_another_affiliate_returns_404_like_an_unknown_id(client, review, name):
    client.force_login(make_active_affiliate().user)
    verb = client.get if name == "review" else client.post
    for pk in (review.pk, uuid4()):
        assert verb(reverse(f"compliance:{name}", args=[pk]), {"text": "Mine?"}).status_code == 404
    assert review.events.count() == 2  # the notice and its hold


def test_review_pages_redirect_visitors_to_sign_in(client, review):
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
        ("note.txt", HTML, "text/plain"),  # stored as plain text
    ],
)
def test_allowed_files_are_stored_and_served_as_downloads(signed_in, review, name, content, content_type):
    assert reply(signed_in, review, make_upload(name, content)).status_code == 302
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
def test_invalid_files_are_rejected_and_nothing_is_stored(signed_in, review, name, content):
    response = reply(signed_in, review, make_upload(name, content))
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert review.events.count() == 2  # the notice and its hold
    assert not ReviewFile.objects.exists()


def test_reply_accepts_at_most_five_files_of_five_megabytes(signed_in, review):
    five = [make_upload(f"{number}.txt", b"a" * (5 * 1024 * 1024)) for number in range(5)]
    assert reply(signed_in, review, *five).status_code == 302
    six = [make_upload(f"{number}.txt", b"a") for number in range(6)]
    assert reply(signed_in, review, *six).status_code == 422
    assert ReviewFile.objects.count() == 5


def test_file_of_another_affiliate_returns_404(client, signed_in, review):
    reply(signed_in, review, make_upload("shot.png", PNG))
    file = ReviewFile.objects.get()
    client.force_login(make_active_affiliate().user)
    assert client.get(reverse("compliance:review_file", args=[review.pk, file.pk])).status_code == 404


def test_file_name_is_stripped_of_path_and_control_characters(signed_in, review):
    from compliance.reviews.evidence_files import validate_file

    assert validate_file("..\\..\\etc/passwd.txt", b"x").name == "passwd.txt"
    assert validate_file("a\u202e\r\nb.txt", b"x").name == "ab.txt"


def test_late_reply_keeps_the_text_and_shows_an_error(signed_in, review):
    Review.objects.filter(pk=review.pk).update(reply_by=timezone.now())
    response = reply(signed_in, review, text="I was on holiday.")
    assert response.status_code == 422
    assert "I was on holiday." in response.content.decode()
    assert "The deadline for a reply has passed." in response.content.decode()


def test_review_page_asks_for_a_reply_until_there_is_one(signed_in, review):
    url = reverse("compliance:review", args=[review.pk])
    page = signed_in.get(url).content.decode()
    assert "Please reply by" in page
    assert "You can reply 10 times, as long as we have not decided. We may decide once you have replied" in page
    assert "Possible decisions" in page
    reply(signed_in, review)
    page = signed_in.get(url).content.decode()
    assert "Please reply by" not in page
    assert "We have received your reply and will decide by" in page
    assert "You can add to it until" in page
    Review.objects.filter(pk=review.pk).update(reply_by=timezone.now())
    page = signed_in.get(url).content.decode()
    assert "We have received your reply" in page
    assert "You can add to it until" not in page


def test_appeal_is_stored_once(signed_in, review, reviewer):
    reply(signed_in, review)
    decisions.decide(review=review, decision="warning", reason="So.", now=timezone.now(), by=reviewer)
    assert "Send appeal" in signed_in.get(reverse("compliance:review", args=[review.pk])).content.decode()
    response = signed_in.post(reverse("compliance:appeal", args=[review.pk]), {"text": "No!"})
    assert response.status_code == 302
    review.refresh_from_db()
    assert review.state == "appealed"
    assert signed_in.post(reverse("compliance:appeal", args=[review.pk]), {"text": "No!"}).status_code == 422


# --- Abuse reports


def post_report(client, address="192.0.2.1", **changes):
    values = {"page_url": "https://spam.example.com/", "link_or_coupon": "", "text": "They spam me.", "email": ""}
    return client.post(reverse("compliance:report_abuse"), values | changes, REMOTE_ADDR=address)


networks = itertools.count(1)


@pytest.fixture
def network(monkeypatch):
    """Return a new network prefix, because rate limits outlive a test."""
    return f"10.{next(networks)}.{uuid4().int % 250}."


def test_abuse_report_identifies_the_affiliate_by_coupon(client, affiliate, network):
    assert client.get(reverse("compliance:report_abuse")).status_code == 200
    assert post_report(client, network + "1", link_or_coupon=affiliate.code.lower()).status_code == 302
    signal = Signal.objects.get()
    assert (signal.kind, signal.affiliate, signal.state) == ("abuse_report", affiliate, "open")
    assert signal.report.text == "They spam me."
    assert not Review.objects.exists()


def test_abuse_report_with_unknown_link_has_no_affiliate(client, db, network):
    assert (
        post_report(client, network + "1", link_or_coupon="https://shop.example.com/r/unknown?x=1").status_code == 302
    )
    assert Signal.objects.get().affiliate is None


@pytest.mark.parametrize("changes", [{"text": ""}, {"page_url": "nonsense"}, {"email": "x"}, {"text": "a\0b"}])
def test_invalid_abuse_report_is_rejected(client, db, network, changes):
    assert post_report(client, network + "1", **changes).status_code == 422
    assert not AbuseReport.objects.exists()


def test_abuse_reports_are_limited_by_network_and_hour(client, db, network, settings):
    settings.ABUSE_REPORTS_PER_HOUR = 5
    statuses = [post_report(client, f"{network}{host}").status_code for host in range(1, 7)]
    assert statuses == [302] * 5 + [429]
    assert AbuseReport.objects.count() == 5


def test_abuse_reports_are_limited_without_the_cache(client, db, network, monkeypatch, settings):
    from django.core.cache import cache
    from redis.exceptions import ConnectionError as RedisConnectionError

    from compliance.signals import abuse_reports

    def fail(*_arguments, **_options):
        raise RedisConnectionError

    settings.ABUSE_REPORTS_PER_HOUR = 1
    monkeypatch.setattr(cache, "add", fail)
    monkeypatch.setattr(abuse_reports, "GLOBAL_LIMIT_FACTOR", 2)
    assert [post_report(client, network + "1").status_code for _ in range(3)] == [302, 302, 429]


def test_menu_marks_reviews_until_the_reply_and_the_list_says_replied(signed_in, review):
    mark = f'{reverse("compliance:reviews")}">Reviews<span class="todo-badge"'
    pages = [reverse("portal:home"), reverse("portal:profile")]
    assert all(mark in signed_in.get(page).content.decode() for page in pages)
    assert "replied" not in signed_in.get(reverse("compliance:reviews")).content.decode()
    reply(signed_in, review)
    assert not any(mark in signed_in.get(page).content.decode() for page in pages)
    assert "replied" in signed_in.get(reverse("compliance:reviews")).content.decode()


def test_review_page_says_what_the_activity_means_and_names_the_held_goods(signed_in, review):
    page = signed_in.get(reverse("compliance:review", args=[review.pk])).content.decode()
    activity = review.agreement.activities.get(code="fraud")
    assert f"<q>{escape(activity.text)}</q>" in page
    held = page[page.index("Held money") :].partition("</ul>")[0]
    assert "(Home decor): 5.00" in held
