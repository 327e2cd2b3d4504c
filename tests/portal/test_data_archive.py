"""The archive of all data about an affiliate, which they download (specification 9)."""

import gc
import io
import json
import weakref
import zipfile
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import timezone

from accounts.models import User
from affiliates.models import Affiliate
from audit.models import AuditRecord
from portal import data_archive
from tests.factories import PASSWORD
from tests.portal import erasure_scenario as scenario
from tests.portal.erasure_scenario import NOW, build_erasure_scenario

# Rows that may be in memory: two chunks of two, the row that is written and the affiliate's own.
CHUNK = 8


@pytest.fixture
def affiliate(db: None) -> Affiliate:
    return build_erasure_scenario()


def build_archive(affiliate: Affiliate, **pdfs: Any) -> zipfile.ZipFile:
    file = io.BytesIO()
    data_archive.write_archive(file, affiliate=affiliate, now=timezone.now(), **pdfs)
    return zipfile.ZipFile(file)


def read(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(archive.read(f"data/{name}.json"))
    return rows


def test_archive_has_everything_about_the_affiliate(affiliate):
    archive = build_archive(affiliate, pdfs=data_archive.list_documents(affiliate))
    subjects = {record["subject_type"] for record in read(archive, "audit")}
    assert subjects >= {
        *("affiliates.affiliate", "affiliates.channel", "tracking.link", "tracking.coupon", "payouts.payout"),
        *("payouts.adjustment", "compliance.review"),
    }
    [account_mail] = [message for message in read(archive, "emails") if message["kind"] == "account"]
    assert account_mail["to"] == scenario.FORMER
    assert scenario.IP_ADDRESS in account_mail["text"]
    assert "http" not in account_mail["text"]
    [report] = read(archive, "abuse_reports")
    assert report["text"] == scenario.REPORT
    assert {signal["kind"] for signal in read(archive, "signals")} == {"abuse_report", "undeclared_sites"}
    assert read(archive, "commissions")[0]["amount"] == "100.00"
    assert len(read(archive, "creative_links")) == 1
    assert {name.split("/")[0] for name in archive.namelist()} == {"README.txt", "data", "files", "pdf"}
    assert archive.testzip() is None


def test_archive_has_no_secrets_no_private_notes_and_no_reporter(affiliate):
    archive = build_archive(affiliate)
    text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert scenario.REPORTER not in text
    assert scenario.ACCOUNT not in text
    assert "password" not in archive.read("data/account.json").decode()
    assert "note" not in read(archive, "signals")[0]
    assert "note" not in {step["kind"] for step in read(archive, "review_steps")}
    assert not {"review note", "affiliate note"} & {record["action"] for record in read(archive, "audit")}
    assert "data/notes.json" not in archive.namelist()
    assert [tag["name"] for tag in read(archive, "tags")] == [scenario.TAG, "VIP"]
    assert "Private notes of staff are left out." in archive.read("README.txt").decode()


def test_archive_has_every_model_about_an_affiliate(affiliate):
    """A new model with a path to an affiliate or a user is archived, or left out with a reason."""
    archived = {rows.model._meta.label for rows in data_archive.collect_querysets(affiliate).values()}
    reachable = _list_models_about(Affiliate, User)
    assert reachable - archived - set(data_archive.EXCLUDED_MODELS) == set()
    assert set(data_archive.EXCLUDED_MODELS) <= reachable, "excluded, but about no affiliate"
    assert archived - reachable == {"audit.AuditRecord"}, "found by the ids of the other rows"


def _list_models_about(*roots: type[models.Model]) -> set[str]:
    """Return the models with a path of foreign keys to one of `roots`, other than to who did something."""
    reached: set[type[models.Model]] = set(roots)
    while True:
        found = {
            model
            for model in apps.get_models(include_auto_created=True)
            for field in (*model._meta.concrete_fields, *model._meta.many_to_many)
            if field.remote_field and field.related_model in reached and not _names_an_actor(field.name)
        }
        if found <= reached:
            return {model._meta.label for model in reached}
        reached |= found


def _names_an_actor(name: str) -> bool:
    return name == "by" or name.endswith("_by")


def test_archive_is_written_row_by_row(affiliate, monkeypatch):
    """A large account costs no more memory than a small one: rows are written one by one, never collected."""
    collected = []
    serialize = data_archive.serialize_row

    def note_serialized(row: models.Model, hidden: Any = ()) -> dict[str, Any]:
        collected.append(weakref.ref(row))
        gc.collect(0)
        assert sum(reference() is not None for reference in collected) <= CHUNK, "earlier rows are still in memory"
        return serialize(row, hidden)

    monkeypatch.setattr(data_archive, "serialize_row", note_serialized)
    monkeypatch.setattr(data_archive, "CHUNK_SIZE", 2)
    AuditRecord.objects.bulk_create(
        AuditRecord(
            at=NOW, action="a test", reason="-", subject_type="affiliates.affiliate", subject_id=str(affiliate.pk)
        )
        for _number in range(50)
    )
    assert len(read(build_archive(affiliate), "audit")) > 50


def test_archive_download_needs_the_password_again(affiliate_factory, client_for):
    client = client_for(affiliate_factory().user)
    response = client.post("/profile/data/download/")
    assert response.status_code == 302
    assert "/reauthenticate/" in response.headers["Location"]
    wrong_password = client.post(response.headers["Location"], {"password": "something else"})
    assert "incorrect" in wrong_password.content.decode().lower()
    response = client.post(response.headers["Location"], {"password": PASSWORD})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/zip"
    content = b"".join(response.streaming_content)
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
