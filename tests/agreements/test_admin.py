"""The admin of agreement versions, the program and acceptances."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from affiliates.models import State
from agreements import publishing, seeding
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion, Program
from agreements.rules import Rule
from audit.models import AuditRecord
from tests.agreements.acceptance_data import NOW, accept_version
from tests.agreements.page_data import build_admin_url, build_form_data
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_start_draft_copies_example_in_empty_program(staff):
    page = staff.get(build_admin_url("agreementversion_start"))
    assert "Start a draft" in page.content.decode()
    opened = staff.post(build_admin_url("agreementversion_start"), {"confirmed": "1"})
    draft = AgreementVersion.objects.get()
    assert opened.headers["Location"] == build_admin_url("agreementversion_change", draft.pk)
    assert (draft.name, draft.published_at, draft.clauses.count() > 60) == ("1", None, True)
    assert AuditRecord.objects.get(action="agreement drafted").by is not None


def test_version_list_starts_a_draft_at_once_and_opens_the_others(staff, draft):
    page = staff.get(build_admin_url("agreementversion_changelist")).content.decode()
    start = f'action="{build_admin_url("agreementversion_start")}"'
    assert start in page
    assert f"Open draft {draft.name}" in page
    reader = make_staff("compliance reviewers")
    staff.force_login(reader)
    page = staff.get(build_admin_url("agreementversion_changelist")).content.decode()
    assert start not in page
    assert "Open draft" not in page


def test_version_list_shows_states(staff, draft):
    page = staff.get(build_admin_url("agreementversion_changelist")).content.decode()
    assert "in force" in page
    assert "draft" in page


def test_version_list_shows_one_version_in_force(staff, draft):
    publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    page = staff.get(build_admin_url("agreementversion_changelist")).content.decode()
    assert page.count("in force") == 1
    name = draft.name
    draft.refresh_from_db()
    assert not draft.detriment
    page = staff.get(build_admin_url("agreementversion_changelist")).content.decode()
    assert f"replaced; version {name} applies to everybody who accepted this one" in page
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE agreements_agreementversion SET detriment = true WHERE id = %s", [draft.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    page = staff.get(build_admin_url("agreementversion_changelist")).content.decode()
    assert f"replaced; applies to those who accepted it, until they accept version {name} or a later one" in page


def test_preview_shows_acceptance_page_with_inactive_form(staff, draft):
    page = staff.get(build_admin_url("agreementversion_preview", draft.pk)).content.decode()
    assert "Preview: this is what an affiliate sees." in page
    assert 'id="clause-3.2"' in page
    form = page[page.index('id="decide"') : page.index("</main>")]
    assert "csrfmiddlewaretoken" not in form
    assert 'href="#clause-9.5"' in form  # a draft has no public URL


def test_phone_preview_can_be_framed_by_own_pages_only(staff, draft):
    outer = staff.get(build_admin_url("agreementversion_preview", draft.pk), {"as": "phone"})
    assert 'src="?as=frame"' in outer.content.decode()
    assert "frame-src 'self'" in outer.headers["Content-Security-Policy"]
    inner = staff.get(build_admin_url("agreementversion_preview", draft.pk), {"as": "frame"})
    assert "Preview: this is" not in inner.content.decode()
    assert inner.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in inner.headers["Content-Security-Policy"]
    assert "script-src 'self'" in inner.headers["Content-Security-Policy"]
    unframed = staff.get(build_admin_url("agreementversion_preview", draft.pk))
    assert "frame-ancestors 'none'" in unframed.headers["Content-Security-Policy"]
    assert unframed.headers["X-Frame-Options"] == "DENY"


def test_preview_does_not_cache_clauses_of_draft(staff, draft):
    staff.get(build_admin_url("agreementversion_preview", draft.pk))
    draft.clauses.filter(number="9.5").update(number="9.6")
    published = publishing.publish_version(agreement=draft, effective_at=NOW + 30 * DAY, now=NOW, by=None)
    assert get_clause_number(published.pk, Rule.DECLINE) == "9.6"


def test_differences_page_shows_changed_terms(staff, first, draft):
    draft.rates.filter(category="home-decor").update(percent="4.50")
    page = staff.get(build_admin_url("agreementversion_differences", draft.pk)).content.decode()
    assert "4.50 %" in page
    assert "worse for affiliates" in page
    assert "for you" not in page


def test_publish_requires_the_version_name(staff, draft):
    posted = {"confirmed": "1", "effective_at": f"{NOW + 30 * DAY:%Y-%m-%d}", "name": "two"}
    page = staff.post(build_admin_url("agreementversion_publish", draft.pk), posted)
    assert "Enter the name of this version, 2." in page.content.decode()
    staff.post(build_admin_url("agreementversion_publish", draft.pk), posted | {"name": "2"})
    draft.refresh_from_db()
    day = (NOW + 30 * DAY).date()
    assert draft.effective_at == datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert draft.published_by is not None


def test_publish_page_states_earliest_effective_date(staff, draft):
    draft.rates.filter(category="home-decor").update(percent="4.50")
    page = staff.get(build_admin_url("agreementversion_publish", draft.pk)).content.decode()
    first_day = (NOW + 14 * DAY).date() + DAY
    assert f'value="{first_day:%Y-%m-%d}"' in page
    assert "0 terms better for affiliates, 1 term worse," in " ".join(page.split())
    posted = {"confirmed": "1", "effective_at": f"{NOW + 2 * DAY:%Y-%m-%d}", "name": "2"}
    page = staff.post(build_admin_url("agreementversion_publish", draft.pk), posted).content.decode()
    assert "The earliest is" in page
    posted["effective_at"] = f"{first_day:%Y-%m-%d}"
    staff.post(build_admin_url("agreementversion_publish", draft.pk), posted)
    draft.refresh_from_db()
    assert draft.effective_at is not None


def test_draft_with_problems_cannot_be_published(staff, draft):
    draft.clauses.filter(number="2").delete()
    posted = {"confirmed": "1", "effective_at": f"{NOW + 30 * DAY:%Y-%m-%d}", "name": "2"}
    page = staff.post(build_admin_url("agreementversion_publish", draft.pk), posted, follow=True).content.decode()
    assert "Section 2 is missing." in page
    draft.refresh_from_db()
    assert draft.published_at is None


def test_scheduled_version_can_be_withdrawn(staff, draft):
    publishing.publish_version(agreement=draft, effective_at=NOW + 30 * DAY, now=NOW, by=None)
    staff.post(build_admin_url("agreementversion_withdraw", draft.pk), {"confirmed": "1", "reason": "A mistake."})
    draft.refresh_from_db()
    assert draft.withdrawal.reason == "A mistake."


def test_published_version_is_read_only(staff, first):
    response = staff.get(build_admin_url("agreementversion_change", first.pk))
    assert response.status_code == 200
    page = response.content.decode()
    assert 'name="validation_days"' not in page
    assert "It can't be changed." in page
    assert '<td class="number">30 days</td>' in page
    assert reverse("agreements:version", args=[first.pk]) + "#clause-4.6" in page
    assert first.texts.get().sha256 in page
    assert staff.post(build_admin_url("agreementversion_change", first.pk), build_form_data(first)).status_code == 403
    assert staff.post(build_admin_url("agreementversion_delete", first.pk), {"post": "yes"}).status_code == 403


def test_agreement_admin_requires_permission(first, draft):
    client = Client()
    client.force_login(make_staff("affiliate managers"))
    for name in ("agreementversion_changelist", "program_changelist", "promotion_changelist", "acceptance_changelist"):
        assert client.get(build_admin_url(name)).status_code == 403
    assert client.post(build_admin_url("agreementversion_publish", draft.pk), {"confirmed": "1"}).status_code == 403


def test_program_settings_validate_shop_hosts(staff):
    assert staff.get(build_admin_url("program_changelist")).headers["Location"] == build_admin_url("program_change", 1)
    invalid = {"shop_url": "https://shop.example/", "shop_hosts": "other.example"}
    response = staff.post(build_admin_url("program_change", 1), invalid)
    assert "Add the host of the shop URL, shop.example." in response.content.decode()
    valid = {"shop_url": "https://shop.example/", "shop_hosts": "Shop.example, www.shop.example"}
    assert staff.post(build_admin_url("program_change", 1), valid).status_code == 200
    assert Program.current().shop_hosts == []
    valid["audit_reason"] = "The shop has moved."
    staff.post(build_admin_url("program_change", 1), valid)
    assert Program.current().shop_hosts == ["shop.example", "www.shop.example"]
    assert AuditRecord.objects.get(action="program changed").reason == "The shop has moved."


def test_acceptance_admin_lists_verifies_and_exports(staff, first):
    record = accept_version(make_affiliate(state=State.APPROVED), first, now=NOW)
    assert record.hash in staff.get(build_admin_url("acceptance_changelist")).content.decode()
    assert record.person.email in staff.get(build_admin_url("acceptance_change", record.pk)).content.decode()
    page = staff.get(build_admin_url("acceptance_verify"), follow=True)
    assert "1 acceptance verified." in page.content.decode()
    assert staff.get(build_admin_url("acceptance_export", record.pk))["Content-Type"] == "application/zip"
    assert staff.post(build_admin_url("acceptance_change", record.pk), {"language": "de"}).status_code == 403


def test_start_draft_without_versions_is_named_1(db):
    assert seeding.start_draft(now=NOW, by=None).name == "1"
