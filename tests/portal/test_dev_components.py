"""The gallery of components, while DEBUG is on."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import NoReverseMatch, include, path, reverse

from config import urls
from portal.dev_components import COMPONENTS

urlpatterns = [*urls.urlpatterns, path("dev/components/", include("portal.dev_components"))]
FOLDER = Path(settings.BASE_DIR) / "templates"

pytestmark = pytest.mark.django_db


def test_gallery_does_not_exist_without_debug(client):
    with pytest.raises(NoReverseMatch):
        reverse("dev_components:list")
    assert client.get("/dev/components/").status_code == 404


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize("name", COMPONENTS)
def test_each_component_has_a_page(name, client, agreement):
    assert f'href="/dev/components/{name}/"' in client.get("/dev/components/").content.decode()
    response = client.get(f"/dev/components/{name}/")
    assert response.status_code == 200
    page = response.content.decode()
    assert f"<h1>{COMPONENTS[name].title}</h1>" in page
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert "style=" not in page


@override_settings(ROOT_URLCONF=__name__)
def test_unknown_component_is_not_found(client):
    assert client.get("/dev/components/nothing/").status_code == 404


REQUIRED = (
    *("copy-field", "error-summary", "table", "empty-states", "status", "figure-card", "picker", "confirmation"),
    *("timeline", "difference"),
)


@pytest.mark.parametrize("name", REQUIRED)
def test_component_that_pages_are_built_of_has_a_page(name):
    assert name in COMPONENTS


@override_settings(ROOT_URLCONF=__name__)
def test_picker_of_the_gallery_suggests_what_is_typed(client):
    page = client.get("/dev/components/picker/").content.decode()
    assert page.count('data-picker="/dev/components/picker/suggestions/"') == 2
    assert "picker.js" in page
    assert "picker.css" in page
    for typed, values in (("ann", ["AC01A2", "AC7B31"]), ("ben@", ["D6B6F0"]), ("", []), ("zoe", [])):
        suggestions = client.get("/dev/components/picker/suggestions/", {"q": typed}).json()["suggestions"]
        assert [one["value"] for one in suggestions] == values


@override_settings(ROOT_URLCONF=__name__)
def test_empty_states_say_what_to_do(client, agreement):
    page = client.get("/dev/components/empty-states/").content.decode()
    assert page.count('class="empty"') == 3
    assert "Clear filters" in page


def test_every_template_of_a_component_is_used_by_its_page():
    pages = "".join(file.read_text() for file in (FOLDER / "dev_components").glob("*.html"))
    # Fields are parts of forms, and these two have tags.
    tags = {"error_summary": "{{ form }}", "copy_field": "{% copy_field", "status": "{% status"}
    for template in (FOLDER / "components").glob("*.html"):
        assert tags.get(template.stem, f'"components/{template.name}"') in pages, template.name
