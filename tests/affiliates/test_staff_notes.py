"""Private notes of staff, and tags by which they group affiliates."""

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from affiliates import staff_notes
from affiliates.models import Affiliate, AffiliateNote, AffiliateTag
from audit.models import AuditRecord
from lib.errors import NotAllowed
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db

LIST = reverse("admin:affiliates_affiliate_changelist")


def build_url(affiliate: Affiliate, action: str = "change") -> str:
    return reverse(f"admin:affiliates_affiliate_{action}", args=[affiliate.pk])


def list_tags(affiliate: Affiliate) -> list[str]:
    return list(affiliate.tags.values_list("name", flat=True))


@pytest.fixture
def affiliate() -> Affiliate:
    return make_affiliate()


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_staff("affiliate managers"))
    return client


def test_note_is_dated_signed_and_audited_without_its_text(affiliate, client) -> None:
    reviewer = make_staff("compliance reviewers")
    client.force_login(reviewer)
    client.post(build_url(affiliate, "add_note"), {"confirmed": "1", "text": " Met at the fair.\r\nNice. "})
    note = AffiliateNote.objects.get()
    assert (note.affiliate, note.text, note.by) == (affiliate, "Met at the fair.\nNice.", reviewer)
    record = AuditRecord.objects.get(action="affiliate note")
    assert "fair" not in f"{record.before}{record.after}{record.reason}"
    page = client.get(build_url(affiliate)).content.decode()
    assert "Met at the fair." in page
    assert str(reviewer) in page


@pytest.mark.parametrize("text", ["", "  ", "a\0", "x" * 5001])
def test_invalid_note_is_refused(affiliate, manager, text) -> None:
    assert manager.post(build_url(affiliate, "add_note"), {"confirmed": "1", "text": text}).status_code == 200
    with pytest.raises(ValidationError):
        staff_notes.add_note(affiliate=affiliate, text=text, now=NOW, by=make_staff())
    assert not AffiliateNote.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE affiliates_affiliatenote SET text = 'x'",
        "DELETE FROM affiliates_affiliatenote",
        "TRUNCATE affiliates_affiliatenote",
    ],
)
def test_database_refuses_changes_of_notes(affiliate, change) -> None:
    staff_notes.add_note(affiliate=affiliate, text="Nice.", now=NOW, by=make_staff())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            cursor.execute(change)


def test_affiliate_who_is_staff_never_reads_notes_about_themselves(affiliate, client) -> None:
    staff_notes.add_note(affiliate=affiliate, text="Nice.", now=NOW, by=make_staff())
    user = affiliate.user
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    page = client.get(build_url(affiliate))
    assert page.status_code == 200
    assert "Nice." not in page.content.decode()
    with pytest.raises(NotAllowed):
        staff_notes.add_note(affiliate=affiliate, text="Great.", now=NOW, by=user)


def test_nothing_is_noted_about_an_erased_affiliate(affiliate) -> None:
    Affiliate.objects.filter(pk=affiliate.pk).update(erased_at=NOW)
    by = make_staff()
    with pytest.raises(NotAllowed, match="erased"):
        staff_notes.add_note(affiliate=affiliate, text="Nice.", now=NOW, by=by)
    with pytest.raises(NotAllowed, match="erased"):
        staff_notes.add_tags(affiliate=affiliate, names=["vip"], reason="So.", now=NOW, by=by)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("vip, Fair 2026 ,, VIP", ["vip", "Fair 2026"]),
        ("  a   b \u200b", ["a b"]),
        (",", []),
    ],
)
def test_tags_are_read_from_a_list_each_once_ignoring_case(text, tags) -> None:
    assert staff_notes.parse_tags(text) == tags


@pytest.mark.parametrize("text", ["x" * 31, "a\0b", ",".join(map(str, range(21)))])
def test_invalid_tags_are_refused(text, affiliate, manager) -> None:
    with pytest.raises(ValidationError):
        staff_notes.parse_tags(text)
    assert manager.post(build_url(affiliate, "edit_tags"), {"confirmed": "1", "names": text}).status_code == 200
    assert not AffiliateTag.objects.exists()


def test_tags_are_edited_and_audited(affiliate, manager) -> None:
    staff_notes.add_tags(affiliate=affiliate, names=["old", "VIP"], reason="So.", now=NOW, by=make_staff())
    url = build_url(affiliate, "edit_tags")
    assert 'value="old, VIP"' in manager.get(url).content.decode()
    manager.post(url, {"confirmed": "1", "names": "vip, new", "reason": "The fair."})
    assert list_tags(affiliate) == ["new", "VIP"]
    record = AuditRecord.objects.filter(action="affiliate tagged").latest("at", "id")
    assert (record.before, record.after) == ({"tags": "old, VIP"}, {"tags": "new, VIP"})
    assert record.reason == "The fair."
    count = AuditRecord.objects.count()
    manager.post(url, {"confirmed": "1", "names": "new, VIP"})
    assert AuditRecord.objects.count() == count


def test_database_refuses_a_tag_that_differs_in_case_alone(db) -> None:
    AffiliateTag.objects.create(name="vip")
    with pytest.raises(IntegrityError, match="affiliate_tag_unique_name"):
        AffiliateTag.objects.create(name="VIP")


def test_selected_affiliates_are_tagged_untagged_and_filtered(manager) -> None:
    affiliates = [make_affiliate(name=name) for name in ("Ada", "Bob", "Cleo")]
    chosen = {"_selected_action": [str(one.pk) for one in affiliates[:2]], "index": "0"}
    assert manager.post(LIST, chosen | {"action": "add_tags_selected"}).status_code == 200
    done = manager.post(
        LIST, chosen | {"action": "add_tags_selected", "confirmed": "1", "names": "fair, vip"}, follow=True
    )
    assert "2 affiliates tagged." in done.content.decode()
    assert [list_tags(one) for one in affiliates] == [["fair", "vip"], ["fair", "vip"], []]
    page = manager.get(LIST, {"tag": "fair"}).content.decode()
    assert "Bob" in page
    assert "Cleo" not in page
    assert "fair, vip" in page
    manager.post(LIST, chosen | {"action": "remove_tags_selected", "confirmed": "1", "names": "VIP"})
    assert [list_tags(one) for one in affiliates] == [["fair"], ["fair"], []]
    assert manager.post(LIST, chosen | {"action": "add_tags_selected", "confirmed": "1"}).status_code == 200


def test_other_groups_see_tags_but_do_not_change_them(affiliate, client) -> None:
    staff_notes.add_tags(affiliate=affiliate, names=["vip"], reason="So.", now=NOW, by=make_staff())
    client.force_login(make_staff("payout preparers"))
    assert "vip" in client.get(build_url(affiliate)).content.decode()
    assert client.post(build_url(affiliate, "edit_tags"), {"confirmed": "1", "names": ""}).status_code == 403
    suggestions = client.get(reverse("admin:affiliates_affiliate_suggest_tags"), {"q": "V"}).json()["suggestions"]
    assert [one["value"] for one in suggestions] == ["vip"]
