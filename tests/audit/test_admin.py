"""The audit trail in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from audit import trail
from audit.admin import list_changes
from tests.factories import NOW, make_affiliate, make_staff, make_user


def test_changes_are_listed_before_and_after_in_words() -> None:
    before = {"state": "open", "holds_all_money": False, "until": "2026-12-13 07:35:00+00:00"}
    after = {"state": "decided", "holds_all_money": True, "number": 0}
    assert list_changes(before, after) == [
        ("State", "open", "decided"),
        ("Holds all money", "no", "yes"),
        ("Until", "13 Dec 2026, 07:35 UTC", "–"),
        ("Number", "–", "0"),
    ]


@pytest.mark.parametrize("text", ["2026-12-13", "20261213073500000000000000", "a" * 64, "2026-12-13 07:35:00 or later"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert list_changes({}, {"value": text})[0][2] == text


@pytest.mark.django_db
def test_record_is_shown_as_a_table_without_json(client: Client) -> None:
    record = trail.record(
        action="tried", subject=make_user(), now=NOW, by=None, before={"state": "<a>"}, after={"state": "b"}, reason="-"
    )
    client.force_login(make_staff(superuser=True))
    page = client.get(reverse("admin:audit_auditrecord_change", args=[record.pk])).content.decode()
    assert '<th scope="row">State</th>' in page
    assert "&lt;a&gt;" in page
    assert (
        "{"
        not in page[page.index('<th scope="row">State') : page.index("</table>", page.index('<th scope="row">State'))]
    )


@pytest.mark.django_db
def test_history_page_shows_the_audit_records_of_the_row(client: Client) -> None:
    user, other = make_user(), make_user()
    trail.record(action="user renamed", subject=user, now=NOW, by=other, reason="Misspelled.")
    trail.record(action="someone else renamed", subject=other, now=NOW, by=None, reason="-")
    client.force_login(make_staff(superuser=True))
    page = client.get(reverse("admin:accounts_user_history", args=[user.pk])).content.decode()
    assert "user renamed" in page
    assert "Misspelled." in page
    assert str(other) in page
    assert "someone else renamed" not in page
    page = client.get(reverse("admin:accounts_user_history", args=[make_user().pk])).content.decode()
    assert "No audit record yet." in page


@pytest.mark.django_db
@pytest.mark.parametrize("group", ["affiliate managers", "compliance reviewers", "payout preparers"])
def test_history_page_is_open_to_everyone_who_may_view_the_row(client: Client, group: str) -> None:
    affiliate = make_affiliate()
    trail.record(action="affiliate changed", subject=affiliate, now=NOW, by=None, reason="Called on 3 May.")
    client.force_login(make_staff(group))
    page = client.get(reverse("admin:affiliates_affiliate_history", args=[affiliate.pk])).content.decode()
    assert "Called on 3 May." in page
    # The trail itself, with the values before and after, stays closed.
    assert reverse("admin:audit_auditrecord_changelist") not in page
    assert client.get(reverse("admin:audit_auditrecord_changelist")).status_code == 403
