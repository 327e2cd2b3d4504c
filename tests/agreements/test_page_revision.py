"""The revision of the acceptance page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agreements import page_revision, publishing, version_drafts
from tests.agreements.acceptance_data import accept_version
from tests.agreements.test_pages import DAY, NOW
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db


def test_page_revision_covers_every_template_of_the_page(first):
    affiliate = make_affiliate(at=NOW - DAY)
    accept_version(affiliate, first, now=NOW - timedelta(hours=1))
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    second = publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    client = Client()
    client.force_login(affiliate.user)
    url = reverse("portal:agreement_accept", args=[second.pk])
    # The empty POST is rejected, so that the page shows errors, too.
    templates = [*client.get(url).templates, *client.post(url, {}).templates]
    ours = {str(template.name) for template in templates if not str(template.name).startswith("django/")}
    assert ours - {"None"} <= set(page_revision.list_templates())
    assert {"agreements/accept.html", "agreements/term_impact.html", "forms/field_notes.html", "frame.html"} <= ours


def test_page_revision_changes_with_any_template(monkeypatch):
    before = page_revision.compute_page_revision()
    source = page_revision._read_template
    for changed in page_revision.list_templates():
        monkeypatch.setattr(
            page_revision, "_read_template", lambda name, changed=changed: source(name) + " " * (name == changed)
        )
        page_revision.compute_page_revision.cache_clear()
        assert page_revision.compute_page_revision() != before
    monkeypatch.undo()
    page_revision.compute_page_revision.cache_clear()
    assert page_revision.compute_page_revision() == before
