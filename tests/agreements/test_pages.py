"""The agreement's pages ..."""

import hashlib
import io
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Affiliate, State
from agreements import publishing, seeding, version_drafts
from agreements.models import Acceptance, AgreementVersion
from agreements.page_revision import compute_page_revision
from tests.agreements.test_accepting import accept_version
from tests.agreements.visible_text import remove_screen_reader_text
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def second(first: AgreementVersion) -> AgreementVersion:
    """A detriment to come."""
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    clause = draft.clauses.get(number="2.3")
    clause.body = clause.body.replace("truthfully", "<b>honestly</b>")
    clause.save()
    return publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)


@pytest.fixture
def approved(first: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW - DAY)


def signed_in(affiliate: Affiliate) -> Client:
    client = Client(headers={"user-agent": "Browser/1.0"}, REMOTE_ADDR="198.51.100.4")
    client.force_login(affiliate.user)
    return client


def page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name if ":" in name else f"agreements:{name}", args=args))
    assert response.status_code == 200, response
    return response.content.decode()


def test_say_that_there_is_none_before_the_first(client, db):
    assert "No agreement is in force yet" in page(client, "current")
    assert "No agreement is published yet" in page(client, "versions")
    assert client.get(reverse("agreements:current_pdf")).status_code == 404
    answer = client.get(reverse("agreements:terms_json"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_announce_a_first_version_that_is_to_come(client, db):
    seeding.publish_seed_agreement(effective_at=NOW + DAY, now=NOW, by=None)
    assert "Version 1 takes effect on" in page(client, "current")


def test_show_the_agreement_in_force_with_anchors_and_marked_terms(client, first):
    html = page(client, "current")
    assert 'id="clause-3.2"' in html
    assert '<strong class="term">3 days</strong>' in html
    assert first.texts.get().sha256 in html


def test_show_every_word_of_the_stored_text(client, first):
    html = page(client, "version", first.pk)
    body = html[html.index('<article class="agreement') : html.index("</article>")]
    words = re.sub(r"<[^>]+>", " ", body).replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    plain = first.texts.get().text.replace(" | ", " ")
    assert "".join(words.split()) == "".join(plain.split())


def test_give_the_exact_text_the_pdf_and_the_terms(client, first):
    stored = first.texts.get()
    text = client.get(reverse("agreements:version_text", args=[first.pk]))
    assert hashlib.sha256(text.content).hexdigest() == stored.sha256
    for name, arguments in (("current_pdf", []), ("version_pdf", [first.pk])):
        pdf = client.get(reverse(f"agreements:{name}", args=arguments))
        assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_give_all_terms_as_json_with_amounts_as_text(client, first):
    terms = client.get(reverse("agreements:terms_json")).json()
    assert (terms["version"], terms["sha256"]) == ("1", first.texts.get().sha256)
    assert terms["effective_at"] == "2026-01-01T00:00:00+00:00"
    assert terms["terms"]["payout_minimum"] == "16.00"
    assert terms["terms"]["rate_ceiling"] == "8.50"
    assert terms["terms"]["validation_days"] == 30
    assert terms["terms"]["order_commission_cap"] is None
    assert {"category": "everything-else", "percent": "3.00", "everything_else": True} in terms["rates"]
    assert len(terms["prohibited_activities"]) == 9
    window = next(clause for clause in terms["clauses"] if clause["number"] == "3.2")
    assert window["rules"] == ["attribution_days"]
    assert "within 3 days of that click" in window["text"]


def test_show_every_version_at_an_address_that_stays(client, first, second):
    listed = page(client, "versions")
    assert listed.index(str(second.pk)) < listed.index(str(first.pk))
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    assert "was withdrawn on" in page(client, "version", second.pk)
    assert "withdrawn" in page(client, "versions")


def test_show_what_changed_word_by_word_and_escaped(client, first, second):
    html = page(client, "version_changes", second.pk)
    assert "<del>truthfully.</del><ins>&lt;b&gt;honestly&lt;/b&gt;.</ins>" in remove_screen_reader_text(html)
    assert "5.00 %" in html
    assert "detriment" in html
    assert "This is the first version" in page(client, "version_changes", first.pk)
    assert "There are no differences" not in html


@pytest.mark.parametrize("since", ["x", "00000000-0000-0000-0000-000000000000"])
def test_know_no_version_by_a_wrong_id(client, second, since):
    assert client.get(reverse("agreements:version_changes", args=[second.pk]), {"since": since}).status_code == 404


def test_compare_with_earlier_versions_alone(client, first, second):
    address = reverse("agreements:version_changes", args=[first.pk])
    assert client.get(address, {"since": second.pk}).status_code == 404
    assert client.get(address, {"since": first.pk}).status_code == 404


def test_say_what_goes_and_what_comes_to_a_screen_reader_too(client, second):
    html = page(client, "version_changes", second.pk)
    assert '<del><span class="visually-hidden">removed: </span>truthfully.' in html
    assert '<ins><span class="visually-hidden">added: </span>' in html


@pytest.mark.parametrize("name", ["version", "version_pdf", "version_text", "version_terms", "version_changes"])
def test_do_not_show_drafts_or_what_does_not_exist(client, first, name):
    draft = version_drafts.start_draft(now=NOW, by=None)
    for pk in (draft.pk, uuid4()):
        assert client.get(reverse(f"agreements:{name}", args=[pk])).status_code == 404


def test_let_an_affiliate_accept_by_ticking_the_box(first, approved):
    client = signed_in(approved)
    html = page(client, "portal:agreement_accept", first.pk)
    assert 'id="clause-12.4"' in html
    box = re.search(r'<input type="checkbox"[^>]*>', html)
    assert box
    assert "checked" not in box.group()
    text_sha256 = re.search(r'name="text_sha256" value="([0-9a-f]{64})"', html)
    assert text_sha256
    answer = client.post(
        reverse("portal:agreement_accept", args=[first.pk]), {"box": "on", "text_sha256": text_sha256.group(1)}
    )
    assert answer.headers["Location"] == reverse("portal:home")
    record = Acceptance.objects.get()
    assert record.text_sha256 == first.texts.get().sha256
    assert record.page_revision == compute_page_revision()
    assert record.box_label.startswith("I have read version 1")
    assert (record.person.address, record.person.user_agent) == ("198.51.100.4", "Browser/1.0")
    key = client.session.session_key
    assert key
    assert record.person.session == hashlib.sha256(key.encode()).hexdigest()
    approved.refresh_from_db()
    assert approved.state == State.ACTIVE


def test_record_nothing_without_the_box(first, approved):
    sha256 = first.texts.get().sha256
    answer = signed_in(approved).post(reverse("portal:agreement_accept", args=[first.pk]), {"text_sha256": sha256})
    assert "Tick the box if you accept the agreement." in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_record_nothing_for_a_text_that_was_not_shown(first, approved):
    answer = signed_in(approved).post(
        reverse("portal:agreement_accept", args=[first.pk]), {"box": "on", "text_sha256": "0" * 64}, follow=True
    )
    assert "The text you were shown is not the text of this version." in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_believe_a_forwarded_address_only_from_our_own_proxies(first, approved, settings):
    settings.TRUSTED_PROXIES = 1
    client = signed_in(approved)
    client.post(
        reverse("portal:agreement_accept", args=[first.pk]),
        {"box": "on", "text_sha256": first.texts.get().sha256},
        headers={"x-forwarded-for": "6.6.6.6, 203.0.113.9"},
    )
    assert Acceptance.objects.get().person.address == "203.0.113.9"


def test_show_the_differences_to_whoever_accepted_an_earlier_version(first, second, approved):
    accept_version(approved, first, now=NOW)
    html = page(signed_in(approved), "portal:agreement_accept", second.pk)
    assert 'id="differences"' in html
    assert html.index('id="differences"') < html.index('<article class="agreement')


def test_lead_from_a_version_that_is_not_asked_for_to_the_one_that_is(first, second, approved):
    accept_version(approved, first, now=NOW)
    client = signed_in(approved)
    answer = client.get(reverse("portal:agreement_accept", args=[first.pk]))
    assert answer.headers["Location"] == reverse("portal:agreement")
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    answer = client.get(reverse("portal:agreement_accept", args=[second.pk]), follow=True)
    assert "was withdrawn. You don't need to accept it." in answer.content.decode()


def test_ask_once_more_before_a_decline_and_show_what_happens_to_the_money(first, second, approved):
    accept_version(approved, first, now=NOW)
    client = signed_in(approved)
    html = page(client, "portal:agreement_decline", second.pk)
    assert "What you earned stays yours" in html
    approved.refresh_from_db()
    assert approved.state == State.ACTIVE
    client.post(reverse("portal:agreement_decline", args=[second.pk]))
    approved.refresh_from_db()
    assert approved.state == State.LEAVING


def test_show_an_affiliate_what_they_are_under_what_they_accepted_and_what_is_asked(first, second, approved):
    record = accept_version(approved, first, now=NOW)
    html = page(signed_in(approved), "portal:agreement")
    assert record.hash in html
    assert "Please accept or decline it" in html
    assert reverse("portal:agreement_evidence", args=[record.pk]) in html


def test_lead_an_affiliate_to_what_changed_between_what_they_accepted(first, second, approved):
    accept_version(approved, first, now=NOW)
    accept_version(approved, second, now=NOW + DAY)
    between = reverse("agreements:version_changes", args=[second.pk]) + f"?since={first.pk}"
    assert f'href="{between}"' in page(signed_in(approved), "portal:agreement")


def test_say_why_an_affiliate_is_under_a_version_that_they_never_accepted(first, approved):
    accept_version(approved, first, now=NOW - DAY)
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="6.00")
    raised = publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    html = page(signed_in(approved), "portal:agreement")
    assert "It applies because you accepted version 1 and no change since then is less favorable to you." in html
    assert f"{reverse('agreements:version', args=[raised.pk])}#clause-9.3" in html
    assert f"{reverse('agreements:version_changes', args=[raised.pk])}?since={first.pk}" in html


def test_give_an_affiliate_their_own_evidence_and_nobody_else_s(first, approved):
    record = accept_version(approved, first, now=NOW)
    answer = signed_in(approved).get(reverse("portal:agreement_evidence", args=[record.pk]))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "record.json" in archive.namelist()
    stranger = signed_in(make_affiliate(state=State.ACTIVE))
    for pk in (record.pk, uuid4()):
        assert stranger.get(reverse("portal:agreement_evidence", args=[pk])).status_code == 404


@pytest.mark.parametrize("name", ["agreement_accept", "agreement_decline"])
def test_know_no_draft_to_accept(first, approved, name):
    draft = version_drafts.start_draft(now=NOW, by=None)
    for pk in (draft.pk, uuid4()):
        assert signed_in(approved).get(reverse(f"portal:{name}", args=[pk])).status_code == 404


@pytest.mark.parametrize("name", ["agreement", "agreement_accept", "agreement_decline", "agreement_evidence"])
def test_of_affiliates_ask_visitors_to_sign_in_and_send_staff_to_the_admin(client, first, name):
    address = reverse(f"portal:{name}", args=[] if name == "agreement" else [first.pk])
    assert reverse("account_login") in client.get(address).headers["Location"]
    client.force_login(make_staff())
    assert client.get(address).headers["Location"] == reverse("admin:index")


def test_of_reading_take_no_posts(client, first):
    for name in ("current", "versions", "terms_json", "current_pdf"):
        assert client.post(reverse(f"agreements:{name}")).status_code == 405
