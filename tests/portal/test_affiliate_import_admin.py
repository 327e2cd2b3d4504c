"""The admin pages that import affiliates from a CSV file: upload, mapping, preview, confirmation."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from affiliates.models import Affiliate, Channel
from agreements.models import Acceptance
from agreements.seeding import publish_seed_agreement
from payouts.disbursement import uploads
from payouts.models import Upload
from payouts.payout_details import encryption
from shops.tasks import process_order_files
from tests.factories import make_staff
from tracking.models import Coupon

pytestmark = pytest.mark.django_db

EFFECTIVE = datetime(2025, 1, 1, tzinfo=UTC)
CONTENT = (
    "\ufeffsep=;\r\nPartner;E-Mail;Full name;Land;Sites;Phone;Coupon code\r\n"
    "R1;ada@example.org;Ada Lovelace;UK;a.example b.example;123;ADA10\r\n;;;;;;\r\n"
).encode()


@pytest.fixture
def manager(db):
    publish_seed_agreement(effective_at=EFFECTIVE, now=EFFECTIVE, by=None)
    return make_staff("affiliate managers")


@pytest.fixture
def url():
    return reverse("admin:affiliates_affiliate_import_file")


def upload(client, url, content=CONTENT):
    """Upload a file and return the address of its mapping page."""
    return client.post(url, {"file": SimpleUploadedFile("a.csv", content)}).headers["Location"]


def map_columns(client, columns_url, **changed):
    """Post the proposed mapping, with changes by column, and return the response."""
    form = client.get(columns_url).context["form"]
    return client.post(columns_url, {name: field.initial for name, field in form.fields.items()} | changed)


def open_preview(client, url, content=CONTENT, **changed):
    """Upload and map a file, and return the address and the response of its preview."""
    preview_url = map_columns(client, upload(client, url, content), **changed).headers["Location"]
    return preview_url, client.get(preview_url)


def test_file_is_mapped_previewed_and_imported(client, manager, url):
    client.force_login(manager)
    assert url in client.get(reverse("admin:affiliates_affiliate_changelist")).content.decode()
    columns_url = upload(client, url)
    page = client.get(columns_url)
    labels = {field.label: field.initial for field, _values in page.context["columns"]}
    assert labels == {
        "Partner": "", "E-Mail": "email", "Full name": "name", "Land": "", "Sites": "", "Phone": "",
        "Coupon code": "coupon",
    }  # fmt: skip
    assert {field.label: values for field, values in page.context["columns"]}["Sites"] == ["a.example b.example"]
    missing = map_columns(client, columns_url).content.decode()
    assert "Choose a column for: code, country." in missing
    twice = map_columns(client, columns_url, **{"column-0": "email"}).content.decode()
    assert "Another column is already mapped to email." in twice
    columns = {"column-0": "code", "column-3": "country", "column-4": "website"}
    preview_url = map_columns(client, columns_url, **columns).headers["Location"]
    preview = client.get(preview_url)
    text = preview.content.decode()
    assert "nothing is changed yet" in text
    assert "Affiliates: 1, problems: 0." in text
    assert "Columns that are not imported: Phone." in text
    assert preview.context["sample"][0][1:5] == ["R1", "ada@example.org", "Ada Lovelace", "GB"]
    assert not Affiliate.objects.exists()
    answers = {
        "confirm": "1", "digest": preview.context["digest"], "accepted_offline": "2025-02-01", "evidence": "folder 3",
    }  # fmt: skip
    done = client.post(preview_url, answers, follow=True).content.decode()
    assert "Affiliates imported: 1, coupons: 1, channels: 2, payout details: 0." in done
    ada = Affiliate.objects.get()
    assert (ada.code, ada.country, ada.state) == ("R1", "GB", "active")
    assert Channel.objects.filter(affiliate=ada).count() == 2
    accepted = datetime(2025, 2, 1, tzinfo=UTC)
    assert Acceptance.objects.get().accepted_at == accepted
    assert Coupon.objects.get().assigned_from == accepted
    assert not Upload.objects.exists()
    assert client.post(preview_url, answers).status_code == 404


def test_problems_are_listed_and_nothing_can_be_imported(client, manager, url):
    client.force_login(manager)
    content = b"code,email,name,country,payout_method,payout_account\nR1,x,Ada,ZZ,sepa,DE89370400440532013000\nR2,b\n"
    preview_url, preview = open_preview(client, url, content)
    assert [problem[:2] for problem in preview.context["problems"]] == [
        (2, "country"), (2, "email"), (2, "payout_method"), (3, ""),
    ]  # fmt: skip
    text = preview.content.decode()
    assert "SEPA transfers are in EUR only; this program pays in USD." in text
    assert 'name="digest"' not in text
    response = client.post(preview_url, {"confirm": "1", "digest": preview.context["digest"]})
    assert "line 2: country: ZZ is not a country code" in str(response.context["form"].errors)
    assert not Affiliate.objects.exists()


def test_file_of_another_member_of_staff_is_not_found(client, manager, url):
    client.force_login(manager)
    preview_url, preview = open_preview(client, url, b"code,email,name,country\nR1,a@example.org,Ada,GB\n")
    client.force_login(make_staff("affiliate managers"))
    other_url, other = open_preview(client, url, b"code,email,name,country\nR2,b@example.org,Bob,GB\n")
    answers = {"confirm": "1", "digest": preview.context["digest"]}
    assert client.get(preview_url).status_code == 404
    assert client.post(preview_url, answers).status_code == 404
    assert client.post(preview_url, {"discard": "1"}).status_code == 404
    assert "has changed. Check the preview again." in client.post(other_url, answers).content.decode()
    assert not Affiliate.objects.exists()
    client.post(other_url, {"confirm": "1", "digest": other.context["digest"]})
    assert Affiliate.objects.get().code == "R2"
    # A file of affiliates is none of payout results.
    client.force_login(make_staff(superuser=True))
    assert client.get(url, {"file": str(Upload.objects.get().pk)}).status_code == 404


def test_preview_whose_mapping_was_changed_is_not_confirmed(client, manager, url):
    client.force_login(manager)
    content = b"code,email,name,country,nick\nR1,a@example.org,Ada,GB,Addy\n"
    preview_url, preview = open_preview(client, url, content)
    map_columns(client, preview_url + "&step=columns", **{"column-2": "", "column-4": "name"})
    response = client.post(preview_url, {"confirm": "1", "digest": preview.context["digest"]})
    assert "has changed. Check the preview again." in response.content.decode()
    assert not Affiliate.objects.exists()


def test_upload_is_deleted_when_it_is_discarded_or_a_day_old(client, manager, url):
    client.force_login(manager)
    preview_url, _preview = open_preview(client, url, b"code,email,name,country\nR1,a@example.org,Ada,GB\n")
    stored = Upload.objects.get()
    assert b"example.org" not in bytes(stored.content)
    assert uploads.delete_old_uploads(now=stored.uploaded_at + timedelta(hours=23)) == 0
    client.post(preview_url, {"discard": "1"})
    assert not Upload.objects.exists()
    upload(client, url)
    Upload.objects.update(uploaded_at=EFFECTIVE)
    assert process_order_files() == "0 imports continued, 1 uploads discarded"
    assert not Upload.objects.exists()


def test_stored_file_that_was_tampered_with_is_refused(client, manager, url):
    client.force_login(manager)
    preview_url, preview = open_preview(client, url, b"code,email,name,country\nR1,a@example.org,Ada,GB\n")
    Upload.objects.update(content=encryption.seal(b"code,email,name,country\nR1,eve@example.org,Eve,GB\n"))
    answers = {"confirm": "1", "digest": preview.context["digest"]}
    assert "differs from the uploaded one" in client.post(preview_url, answers, follow=True).content.decode()
    assert not Affiliate.objects.exists()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04\0\0", "NUL character"),
        ("code,name\nR1,Zoë\n".encode("cp1252"), "not UTF-8"),
        (b"code,code\n", "Two columns have the heading"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MiB"),
        (b"," * 300, "The file is empty."),
        (b"c" + b",c" * 300, "at most 200 are read"),
        (b"=1+1,2026-01-01 12:00\nx,y\n", "is not a heading"),
    ],
)
def test_unreadable_file_is_refused_with_the_cause(client, manager, url, content, cause):
    client.force_login(manager)
    response = client.post(url, {"file": SimpleUploadedFile("a.csv", content)})
    assert response.status_code == 200
    assert cause in response.content.decode()


@pytest.mark.parametrize("query", ["x", "", "1" * 500, "00000000-0000-0000-0000-000000000000"])
def test_unknown_file_is_not_found(client, manager, url, query):
    client.force_login(manager)
    assert client.get(url, {"file": query}).status_code == 404


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ({"accepted_offline": "2025-02-01"}, "Enter both the date of acceptance and the evidence"),
        ({"evidence": "x"}, "Enter both the date of acceptance and the evidence"),
        ({"accepted_offline": "soon", "evidence": "x"}, "Enter a valid date"),
        ({"accepted_offline": "2999-01-01", "evidence": "x"}, "in the future"),
        ({"accepted_offline": "2020-01-01", "evidence": "x"}, "No agreement was in effect"),
        ({"accepted_offline": "2025-02-01", "evidence": "\x00"}, "Null characters are not allowed"),
    ],
)
def test_bad_date_or_evidence_is_refused(client, manager, url, answers, cause):
    client.force_login(manager)
    preview_url, preview = open_preview(client, url, b"code,email,name,country\nR1,a@example.org,Ada,GB\n")
    page = client.post(preview_url, answers | {"confirm": "1", "digest": preview.context["digest"]})
    assert cause in page.content.decode()
    assert not Affiliate.objects.exists()


@pytest.mark.parametrize("group", ["compliance reviewers", "payout preparers", "payout approvers"])
def test_only_affiliate_managers_may_import(client, group, url, db):
    client.force_login(make_staff(group))
    assert client.get(url).status_code == 403
