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


def test_every_template_of_a_component_is_used_by_its_page():
    pages = "".join(file.read_text() for file in (FOLDER / "dev_components").glob("*.html"))
    # Fields are parts of forms, and these two have tags.
    tags = {"error_summary": "{{ form }}", "copy_field": "{% copy_field", "status": "{% status"}
    for template in (FOLDER / "components").glob("*.html"):
        assert tags.get(template.stem, f'"components/{template.name}"') in pages, template.name
