"""The search for affiliates by code, e-mail address or name, and the fields of admin forms that use it."""

import json

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from accounts.models import User
from affiliates.admin_fields import AffiliateField, AffiliatesField
from affiliates.affiliate_search import _list_searches, find_affiliate, list_affiliate_ids, search_affiliates
from affiliates.models import Affiliate
from tests.factories import NOW, make_affiliate, make_staff, make_user

pytestmark = pytest.mark.django_db

SUGGEST = reverse("admin:affiliates_affiliate_suggest")


def make(name: str, code: str, email: str) -> Affiliate:
    affiliate = make_affiliate(user=make_user(email=email), name=name)
    affiliate.code = code
    affiliate.save(update_fields=["code"])
    return affiliate


@pytest.fixture
def anna() -> Affiliate:
    return make("Anna Maria Roth", "GARDEN7", "anna@roth.example")


@pytest.fixture
def annika() -> Affiliate:
    return make("Annika O'Brien-Lang", "ann8", "lang@post.example")


class FieldForm(forms.Form):
    affiliate = AffiliateField()


class SeveralForm(forms.Form):
    affiliates = AffiliatesField(help_text="Several.")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("gar", ["GARDEN7"]),
        ("ROTH", ["GARDEN7"]),
        ("mar ann", ["GARDEN7"]),
        ("anna@", ["GARDEN7"]),
        ("o'brien", ["ann8"]),
        ("brien-l", ["ann8"]),
        ("Ann", ["ann8", "GARDEN7"]),
        (" \u200bann8 ", ["ann8"]),
        ("oth", []),
        ("", []),
        ("\\' | q", []),
        ("!&|()", []),
        ("a\0b", []),
        ("a" * 500, []),
    ],
)
def test_search_finds_beginnings_of_code_address_and_words_of_the_name(anna, annika, text, codes) -> None:
    assert [one.code for one in search_affiliates(text)] == codes


def test_search_returns_at_most_twenty() -> None:
    for number in range(22):
        make(f"Same Name {number}", f"SAME{number}", f"same{number}@example.com")
    assert len(search_affiliates("same")) == 20


def test_searches_are_answered_from_indexes(db) -> None:
    """With 50,000 affiliates a search that reads all of them would take seconds."""
    users = User.objects.bulk_create(User(email=f"person{number}@example.com") for number in range(2000))
    Affiliate.objects.bulk_create(
        Affiliate(user=user, code=f"C{number}", name=f"Name {number}", state_since=NOW, applied_at=NOW)
        for number, user in enumerate(users)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user, affiliates_affiliate")
        cursor.execute("SET LOCAL enable_seqscan = off")
        for rows in _list_searches("anna"):
            sql, parameters = rows.query.sql_with_params()
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
            (found,) = cursor.fetchone()
            plan = found if isinstance(found, str) else json.dumps(found)
            assert "Seq Scan" not in plan
            assert any(
                f'"Index Name": "{name}' in plan
                for name in ("affiliate_code_start", "affiliate_name_words", "accounts_user_email")
            ), plan


@pytest.mark.parametrize("text", ["GARDEN7", "garden7", "ANNA@roth.example", "anna maria", "Roth"])
def test_field_finds_one_affiliate_by_code_address_or_name(anna, annika, text) -> None:
    form = FieldForm({"affiliate": text})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["affiliate"] == anna


def test_code_is_meant_even_if_longer_ones_begin_with_it(annika) -> None:
    make("Bob", "ANN80", "bob@example.com")
    assert find_affiliate("ANN8") == annika


def test_field_lists_the_candidates_of_a_text_that_is_not_unique(anna, annika) -> None:
    form = FieldForm({"affiliate": "ann"})
    [error] = form.errors["affiliate"]
    assert error == (
        "Several affiliates match. Enter the code of one of them: Annika O'Brien-Lang (ann8), lang@post.example, active;"
        " Anna Maria Roth (GARDEN7), anna@roth.example, active"
    )


@pytest.mark.parametrize("text", ["nobody", "a\0b", "x" * 190])
def test_unknown_text_is_an_error_of_the_field(anna, text) -> None:
    assert not FieldForm({"affiliate": text}).is_valid()
    with pytest.raises(ValidationError):
        find_affiliate(text)


def test_several_affiliates_are_found_each_once(anna, annika) -> None:
    form = SeveralForm({"affiliates": "garden7, lang@post.example, Anna Maria, "})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["affiliates"] == [anna, annika]
    assert SeveralForm({"affiliates": "garden7, who"}).errors["affiliates"] == [
        "who: No affiliate has this code, name or e-mail address."
    ]


def test_suggestions_name_affiliates_to_staff_who_may_see_them(anna, client) -> None:
    client.force_login(make_staff("payout preparers"))
    response = client.get(SUGGEST, {"q": "roth"})
    assert response.json() == {
        "suggestions": [
            {"value": "GARDEN7", "label": "Anna Maria Roth (GARDEN7)", "detail": "anna@roth.example, active"}
        ]
    }
    assert "no-store" in response["Cache-Control"]
    client.force_login(make_staff())
    assert client.get(SUGGEST, {"q": "roth"}).status_code == 403


def test_form_has_a_field_that_works_without_script(anna, client) -> None:
    client.force_login(make_staff("payout preparers"))
    page = client.get(reverse("admin:payouts_payouthold_hold")).content.decode()
    assert f'data-picker="{SUGGEST}"' in page
    assert "picker.js" in page


@pytest.mark.parametrize("text", ["anna", "ANNA", "lind", "person", "nothing", "", "'", "\0"])
def test_ids_are_those_that_the_search_finds(text):
    for name in ("Anna Lindqvist", "Annabel Roth", "Bob Lind"):
        make_affiliate(name=name)
    found = search_affiliates(text, limit=10)
    assert set(list_affiliate_ids(text, limit=10)) == {affiliate.pk for affiliate in found}
