"""The public pages of the agreement, and the affiliate's pages for accepting and declining."""

import hashlib
import io
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate, State
from agreements import declines, publishing, seeding, version_drafts
from agreements.models import Acceptance, AgreementVersion, Decline
from agreements.page_revision import compute_page_revision
from tests.agreements.acceptance_data import NOW, accept_version
from tests.agreements.page_data import remove_screen_reader_text
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def second(first: AgreementVersion) -> AgreementVersion:
    """Publish a detriment that takes effect in 20 days."""
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    clause = draft.clauses.get(number="2.3")
    clause.body = clause.body.replace("truthfully", "<b>honestly</b>")
    clause.save()
    return publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)


@pytest.fixture
def approved(first: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW - DAY)


def sign_in(affiliate: Affiliate) -> Client:
    client = Client(headers={"user-agent": "Browser/1.0"}, REMOTE_ADDR="198.51.100.4")
    client.force_login(affiliate.user)
    return client


def get_page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name if ":" in name else f"agreements:{name}", args=args))
    assert response.status_code == 200, response
    return response.content.decode()


def test_pages_without_agreement_say_so(client, db):
    assert "No agreement is in force yet" in get_page(client, "current")
    assert "No agreement is published yet" in get_page(client, "versions")
    assert client.get(reverse("agreements:current_pdf")).status_code == 404
    response = client.get(reverse("agreements:terms_json"))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_scheduled_first_version_is_announced(client, db):
    seeding.publish_seed_agreement(effective_at=NOW + DAY, now=NOW, by=None)
    assert "Version 1 takes effect on" in get_page(client, "current")


def test_current_page_has_anchors_and_marked_terms(client, first):
    html = get_page(client, "current")
    assert 'id="clause-3.2"' in html
    assert '<strong class="term">3 days</strong>' in html
    assert first.texts.get().sha256 in html


def test_version_page_shows_complete_stored_text(client, first):
    html = get_page(client, "version", first.pk)
    body = html[html.index('<article class="agreement') : html.index("</article>")]
    words = re.sub(r"<[^>]+>", " ", body).replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    plain = first.texts.get().text.replace(" | ", " ")
    assert "".join(words.split()) == "".join(plain.split())


def test_text_matches_hash_and_pdf_is_served(client, first):
    stored = first.texts.get()
    text = client.get(reverse("agreements:version_text", args=[first.pk]))
    assert hashlib.sha256(text.content).hexdigest() == stored.sha256
    for name, arguments in (("current_pdf", []), ("version_pdf", [first.pk])):
        pdf = client.get(reverse(f"agreements:{name}", args=arguments))
        assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_terms_json_has_all_terms_with_amounts_as_strings(client, first):
    terms = client.get(reverse("agreements:terms_json")).json()
    assert (terms["version"], terms["sha256"]) == ("1", first.texts.get().sha256)
    assert terms["effective_at"] == "2026-01-01T00:00:00+00:00"
    assert terms["terms"]["payout_minimum"] == "16.00"
    assert terms["terms"]["rate_ceiling"] == "8.50"
    assert terms["terms"]["validation_days"] == 30
    assert terms["terms"]["order_commission_cap"] is None
    assert {
        "category": "everything-else",
        "name": "Everything else",
        "percent": "3.00",
        "everything_else": True,
    } in terms["rates"]
    assert len(terms["prohibited_activities"]) == 9
    window = next(clause for clause in terms["clauses"] if clause["number"] == "3.2")
    assert window["rules"] == ["attribution_days"]
    assert "within 3 days of that click" in window["text"]


def test_withdrawn_version_stays_at_its_url(client, first, second):
    html = get_page(client, "versions")
    assert html.index(str(second.pk)) < html.index(str(first.pk))
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    assert "was withdrawn on" in get_page(client, "version", second.pk)
    assert "withdrawn" in get_page(client, "versions")


def test_changes_page_shows_escaped_word_differences(client, first, second):
    html = get_page(client, "version_changes", second.pk)
    assert "<del>truthfully.</del><ins>&lt;b&gt;honestly&lt;/b&gt;.</ins>" in remove_screen_reader_text(html)
    assert "5.00 %" in html
    assert "worse for you" in html
    assert "This is the first version" in get_page(client, "version_changes", first.pk)
    assert "There are no differences" not in html


@pytest.mark.parametrize("since", ["x", "00000000-0000-0000-0000-000000000000"])
def test_changes_since_unknown_version_is_404(client, second, since):
    assert client.get(reverse("agreements:version_changes", args=[second.pk]), {"since": since}).status_code == 404


def test_changes_since_later_or_same_version_is_404(client, first, second):
    url = reverse("agreements:version_changes", args=[first.pk])
    assert client.get(url, {"since": second.pk}).status_code == 404
    assert client.get(url, {"since": first.pk}).status_code == 404


def test_changes_page_labels_differences_for_screen_readers(client, second):
    html = get_page(client, "version_changes", second.pk)
    assert '<del><span class="visually-hidden">removed: </span>truthfully.' in html
    assert '<ins><span class="visually-hidden">added: </span>' in html


@pytest.mark.parametrize("name", ["version", "version_pdf", "version_text", "version_terms", "version_changes"])
def test_drafts_and_unknown_versions_are_404(client, first, name):
    draft = version_drafts.start_draft(now=NOW, by=None)
    for pk in (draft.pk, uuid4()):
        assert client.get(reverse(f"agreements:{name}", args=[pk])).status_code == 404


def test_affiliate_accepts_by_ticking_the_box(first, approved):
    client = sign_in(approved)
    html = get_page(client, "portal:agreement_accept", first.pk)
    assert 'id="clause-12.4"' in html
    box = re.search(r'<input type="checkbox"[^>]*>', html)
    assert box
    assert "checked" not in box.group()
    text_sha256 = re.search(r'name="text_sha256" value="([0-9a-f]{64})"', html)
    assert text_sha256
    response = client.post(
        reverse("portal:agreement_accept", args=[first.pk]), {"box": "on", "text_sha256": text_sha256.group(1)}
    )
    assert response.headers["Location"] == reverse("portal:home")
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


def test_form_without_ticked_box_records_nothing(first, approved):
    sha256 = first.texts.get().sha256
    response = sign_in(approved).post(reverse("portal:agreement_accept", args=[first.pk]), {"text_sha256": sha256})
    assert "Tick the box if you accept the agreement." in response.content.decode()
    assert not Acceptance.objects.exists()


def test_form_with_wrong_text_hash_records_nothing(first, approved):
    response = sign_in(approved).post(
        reverse("portal:agreement_accept", args=[first.pk]), {"box": "on", "text_sha256": "0" * 64}, follow=True
    )
    assert "The text has changed since you opened the page." in response.content.decode()
    assert not Acceptance.objects.exists()


def test_forwarded_address_is_trusted_from_own_proxies_only(first, approved, settings):
    settings.TRUSTED_PROXIES = 1
    client = sign_in(approved)
    client.post(
        reverse("portal:agreement_accept", args=[first.pk]),
        {"box": "on", "text_sha256": first.texts.get().sha256},
        headers={"x-forwarded-for": "6.6.6.6, 203.0.113.9"},
    )
    assert Acceptance.objects.get().person.address == "203.0.113.9"


def test_acceptance_page_shows_differences_from_accepted_version(first, second, approved):
    accept_version(approved, first, now=NOW)
    html = get_page(sign_in(approved), "portal:agreement_accept", second.pk)
    assert 'id="differences"' in html
    assert html.index('id="differences"') < html.index('<article class="agreement')


def test_version_not_requested_redirects_with_message(first, second, approved):
    accept_version(approved, first, now=NOW)
    client = sign_in(approved)
    response = client.get(reverse("portal:agreement_accept", args=[first.pk]))
    assert response.headers["Location"] == reverse("portal:agreement")
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    response = client.get(reverse("portal:agreement_accept", args=[second.pk]), follow=True)
    assert "was withdrawn. You don&#x27;t need to accept it." in response.content.decode()


def test_decline_page_shows_consequences_before_confirmation(first, second, approved):
    accept_version(approved, first, now=NOW)
    client = sign_in(approved)
    html = get_page(client, "portal:agreement_decline", second.pk)
    assert "What you earned stays yours" in html
    assert not Decline.objects.exists()
    client.post(reverse("portal:agreement_decline", args=[second.pk]))
    approved.refresh_from_db()
    assert approved.state == State.ACTIVE
    [decline] = Decline.objects.pending()
    assert (decline.affiliate, decline.agreement, decline.takes_effect_at) == (approved, second, second.effective_at)


def test_pages_show_pending_decline_until_it_is_taken_back(first, second, approved):
    accept_version(approved, first, now=NOW)
    client = sign_in(approved)
    client.post(reverse("portal:agreement_decline", args=[second.pk]))
    for name in ("portal:agreement", "portal:home"):
        html = get_page(client, name)
        assert "You declined version 2. You leave the program when it takes effect, on" in html
        assert "Read, then accept or decline" not in html
        assert "needs your decision" not in html
    response = client.post(reverse("portal:agreement_take_back_decline", args=[second.pk]), follow=True)
    html = response.content.decode()
    assert "You took back that you declined version 2." in html
    assert "Read, then accept or decline" in html
    assert "You declined version 2. You leave" not in html
    response = client.post(reverse("portal:agreement_take_back_decline", args=[second.pk]), follow=True)
    assert "There is no decline of version 2 to take back." in response.content.decode()


def test_take_back_page_of_another_affiliate_finds_nothing(first, second, approved):
    accept_version(approved, first, now=NOW)
    declines.record_decline(affiliate=approved, agreement=second, now=NOW, by=None)
    other = make_affiliate(state=State.ACTIVE, at=NOW)
    sign_in(other).post(reverse("portal:agreement_take_back_decline", args=[second.pk]))
    assert Decline.objects.pending().count() == 1


def test_agreement_page_shows_acceptances_and_requests(first, second, approved):
    record = accept_version(approved, first, now=NOW)
    html = get_page(sign_in(approved), "portal:agreement")
    assert record.hash in html
    assert "Please accept or decline it" in html
    assert reverse("portal:agreement_evidence", args=[record.pk]) in html


def test_agreement_page_links_changes_between_acceptances(first, second, approved):
    accept_version(approved, first, now=NOW)
    accept_version(approved, second, now=NOW + DAY)
    url = reverse("agreements:version_changes", args=[second.pk]) + f"?since={first.pk}"
    assert f'href="{url}"' in get_page(sign_in(approved), "portal:agreement")


def test_agreement_page_explains_applicable_version_without_acceptance(first, approved):
    accept_version(approved, first, now=NOW - DAY)
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="6.00")
    raised = publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    html = get_page(sign_in(approved), "portal:agreement")
    assert "It applies because you accepted version 1 and no change since then is less favorable to you." in html
    assert f"{reverse('agreements:version', args=[raised.pk])}#clause-9.3" in html
    assert f"{reverse('agreements:version_changes', args=[raised.pk])}?since={first.pk}" in html


def test_evidence_download_is_limited_to_own_acceptances(first, approved):
    record = accept_version(approved, first, now=NOW)
    response = sign_in(approved).get(reverse("portal:agreement_evidence", args=[record.pk]))
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert "record.json" in archive.namelist()
    other = sign_in(make_affiliate(state=State.ACTIVE))
    for pk in (record.pk, uuid4()):
        assert other.get(reverse("portal:agreement_evidence", args=[pk])).status_code == 404


@pytest.mark.parametrize("name", ["agreement_accept", "agreement_decline"])
def test_draft_cannot_be_accepted_or_declined(first, approved, name):
    draft = version_drafts.start_draft(now=NOW, by=None)
    for pk in (draft.pk, uuid4()):
        assert sign_in(approved).get(reverse(f"portal:{name}", args=[pk])).status_code == 404


@pytest.mark.parametrize("name", ["agreement", "agreement_accept", "agreement_decline", "agreement_evidence"])
def test_affiliate_pages_redirect_visitors_and_staff(client, first, name):
    url = reverse(f"portal:{name}", args=[] if name == "agreement" else [first.pk])
    assert reverse("account_login") in client.get(url).headers["Location"]
    client.force_login(make_staff())
    assert client.get(url).headers["Location"] == reverse("admin:index")


def test_public_pages_reject_posts(client, first):
    for name in ("current", "versions", "terms_json", "current_pdf"):
        assert client.post(reverse(f"agreements:{name}")).status_code == 405
