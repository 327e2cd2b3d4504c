"""Display names of categories."""

from datetime import UTC, datetime, timedelta

import pytest

from agreements import publishing, version_drafts
from agreements.category_names import load_category_names

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def rename_home_decor(name: str):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(name=name)
    return draft


def test_names_come_from_the_rate_card(first):
    names = load_category_names()
    assert (names["office-school"], names["everything-else"]) == ("Office & school", "Everything else")


def test_category_without_a_rate_is_named_after_its_code(first):
    assert load_category_names()["garden-furniture"] == "Garden furniture"


def test_newest_published_version_names_a_category(first):
    draft = rename_home_decor("Decoration")
    assert load_category_names()["home-decor"] == "Home decor"
    publishing.publish_version(agreement=draft, effective_at=NOW + timedelta(days=15), now=NOW, by=None)
    assert load_category_names()["home-decor"] == "Decoration"


def test_category_removed_from_the_rate_card_keeps_its_name(first):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="toys-hobbies").delete()
    publishing.publish_version(agreement=draft, effective_at=NOW + timedelta(days=15), now=NOW, by=None)
    assert load_category_names()["toys-hobbies"] == "Toys & hobbies"


def test_new_draft_has_the_names_of_its_source(first):
    assert version_drafts.start_draft(now=NOW, by=None).rates.get(category="bags-shoes").name == "Bags & shoes"
