"""The admin pages that import orders from a CSV file."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from shops.csv_import import files
from shops.models import OrderFile
from tests.factories import make_staff
from tests.scenarios import create_program
from tests.shops.order_files import build_file, build_row, upload, upload_and_preview
from tests.shops.test_csv_presets import FIRST, SECOND, SHOPIFY, build_export
from tracking.models import Order

pytestmark = pytest.mark.django_db


def test_file_is_uploaded_mapped_previewed_and_imported_in_the_admin(clerk, client):
    client.force_login(clerk)
    changelist = client.get(reverse("admin:tracking_order_changelist")).content.decode()
    assert reverse("admin:tracking_order_import_file") in changelist
    content = build_file(build_row("A1"), build_row("A2", amount="12,500", title="=1+1", delimiter=";"), delimiter=";")
    response = client.post(reverse("admin:shops_orderfile_upload"), {"file": SimpleUploadedFile("o.csv", content)})
    file = OrderFile.objects.get()
    url = reverse("admin:shops_orderfile_change", args=[file.pk])
    assert response.headers["Location"] == reverse("admin:shops_orderfile_match", args=[file.pk])
    assert client.get(url).headers["Location"] == response.headers["Location"]
    page = client.get(response.headers["Location"])
    form = page.context["form"]
    data = {name: field.initial for name, field in form.fields.items()}
    duplicate = client.post(response.headers["Location"], data | {"column-0": "sku"})
    assert "Another column is already mapped to sku." in duplicate.content.decode()
    missing = client.post(response.headers["Location"], data | {"column-0": ""})
    assert "Choose a column for: order_id." in missing.content.decode()
    assert client.post(response.headers["Location"], data).headers["Location"] == url
    preview = client.get(url)
    text = preview.content.decode()
    assert "Nothing is stored yet" in text
    assert "“12,500” may be 12500 or 12.500" in text
    assert preview.context["sample"][0][0] == "A1"
    rejected = b"".join(
        client.get(reverse("admin:shops_orderfile_refusals", args=[file.pk])).streaming_content
    ).decode()
    assert rejected.splitlines()[0] == "\ufeffrow,order_id,field,column,outcome,cause"
    assert rejected.splitlines()[1].startswith("3,A2,lines[0].amount,amount,rejected,")
    assert not Order.objects.exists()
    imported = client.post(
        reverse("admin:shops_orderfile_import_orders", args=[file.pk]),
        {"digest": preview.context["digest"]},
        follow=True,
    ).content.decode()
    assert "The file has been imported." in imported
    assert "Rejected orders</a>, to be corrected" in imported
    assert Order.objects.get().order_id == "A1"


def test_preset_is_kept_or_another_one_chosen_on_the_mapping_page(clerk, client):
    client.force_login(clerk)
    file = upload(clerk, build_export(SHOPIFY, FIRST, SECOND))
    url = reverse("admin:shops_orderfile_match", args=[file.pk])
    form = client.get(url).context["form"]
    proposed = {name: field.initial for name, field in form.fields.items()}
    assert (proposed["preset"], proposed["column-0"]) == ("shopify", "order_id")
    other = client.post(url, proposed | {"preset": "", "apply-preset": "1"}).context["form"]
    assert (other.fields["preset"].initial, other.fields["column-0"].initial) == ("", "title")
    unknown = client.post(url, proposed | {"preset": "\x00"})
    assert "Select a valid choice" in unknown.content.decode()
    for posted in (proposed, {name: value for name, value in proposed.items() if name != "preset"}):
        client.post(url, posted)
        file.refresh_from_db()
        assert (file.preset, file.expected_outcomes) == ("shopify", {"created": 1})
    page = client.get(reverse("admin:shops_orderfile_change", args=[file.pk])).content.decode()
    assert "Read as: order export of Shopify." in page
    assert "36.00" in page


def test_waiting_file_is_visible_only_to_its_uploader(clerk, client):
    file = upload_and_preview(clerk, build_file(build_row()))
    digest = files.compute_digest(file)
    for other in (make_staff("payout preparers"), make_staff(superuser=True)):
        client.force_login(other)
        for name in ("change", "match", "import_orders", "discard", "refusals"):
            url = reverse(f"admin:shops_orderfile_{name}", args=[file.pk])
            assert client.get(url).status_code == 404, name
            assert client.post(url, {"digest": digest}).status_code == (403 if name == "change" else 404), name
    assert not Order.objects.exists()
    client.force_login(clerk)
    client.post(reverse("admin:shops_orderfile_discard", args=[file.pk]))
    file.refresh_from_db()
    assert (file.state, file.content) == ("discarded", None)
    assert (
        client.post(reverse("admin:shops_orderfile_import_orders", args=[file.pk]), {"digest": digest}).status_code
        == 404
    )


def test_only_payout_preparers_may_upload(client):
    create_program("2026-01-01")
    for group in ("affiliate managers", "compliance reviewers", "payout approvers"):
        client.force_login(make_staff(group))
        assert client.get(reverse("admin:shops_orderfile_upload")).status_code == 403
        assert "orderfile" not in client.get(reverse("admin:index")).content.decode()


def test_upload_page_names_the_columns_that_each_platform_needs(clerk, client):
    client.force_login(clerk)
    page = client.get(reverse("admin:shops_orderfile_upload")).content.decode()
    start = page.index("Order export of Shopify")
    item = page[start : page.index("</li>", start)]
    assert re.findall("<code>(.*?)</code>", item) == ["Name", "Financial Status", "Created at", "Lineitem price"]
    assert "Required columns of any other file" in page
