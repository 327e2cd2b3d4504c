"""Deletions in the admin (specification 9): staff give the reason, on the page of a row and in lists."""

import re
from unittest.mock import patch

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import DatabaseError
from django.test import RequestFactory
from django.urls import reverse

from agreements import seeding
from agreements.models import AgreementVersion
from audit.admin_bases import AuditedAdmin
from audit.models import AuditRecord
from tests.factories import NOW, make_staff, make_user

pytestmark = pytest.mark.django_db

GROUPS = reverse("admin:auth_group_changelist")


@pytest.fixture
def root(client):
    client.force_login(make_staff(superuser=True))
    return client


def make_group(name="Editors"):
    return Group.objects.create(name=name)


def select(*groups):
    return {"action": "delete_selected", "_selected_action": [group.pk for group in groups]}


@pytest.mark.parametrize("reason", [{}, {"audit_reason": " "}, {"audit_reason": "x" * 2001}, {"audit_reason": "a\0b"}])
def test_deletion_without_a_proper_reason_is_refused_at_the_field(root, reason):
    group = make_group()
    page = root.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"} | reason)
    assert page.status_code == 200
    assert page.context["reason_form"].errors.keys() == {"audit_reason"}
    assert 'name="audit_reason"' in page.content.decode()
    page = root.post(GROUPS, select(group) | {"post": "yes"} | reason)
    assert page.status_code == 200
    assert page.context["reason_form"].errors.keys() == {"audit_reason"}
    assert Group.objects.filter(pk=group.pk).exists()
    assert not AuditRecord.objects.exists()


def test_confirmation_page_asks_for_the_reason_and_the_audit_trail_keeps_it(root):
    group = make_group()
    address = reverse("admin:auth_group_delete", args=[group.pk])
    page = root.get(address)
    assert 'name="audit_reason"' in page.content.decode()
    assert re.search(r">\s*Delete\s*</button>.*>\s*Cancel\s*</a>", page.content.decode(), re.DOTALL)
    assert not page.context["reason_form"].errors
    root.post(address, {"post": "yes", "audit_reason": " It has no members. "})
    record = AuditRecord.objects.get(action="group deleted")
    assert (record.subject_id, record.reason, record.before) == (
        str(group.pk),
        "It has no members.",
        {"was": "Editors"},
    )


def test_deletion_of_several_rows_asks_once_and_records_the_reason_for_each(root):
    groups = [make_group("Editors"), make_group("Readers")]
    page = root.post(GROUPS, select(*groups))
    assert 'name="audit_reason"' in page.content.decode()
    assert not page.context["reason_form"].errors
    assert not AuditRecord.objects.exists()
    root.post(GROUPS, select(*groups) | {"post": "yes", "audit_reason": "The team was closed."})
    records = AuditRecord.objects.filter(action="group deleted", reason="The team was closed.")
    assert set(records.values_list("subject_id", flat=True)) == {str(group.pk) for group in groups}
    assert not Group.objects.filter(pk__in=[group.pk for group in groups]).exists()


def test_deletion_of_several_rows_that_fails_midway_deletes_none(root):
    groups = [make_group("Editors"), make_group("Readers")]
    root.raise_request_exception = False
    with patch.object(Group, "delete", autospec=True, side_effect=[(1, {}), DatabaseError]):
        root.post(GROUPS, select(*groups) | {"post": "yes", "audit_reason": "The team was closed."})
    assert not AuditRecord.objects.exists()


def test_reason_is_asked_for_where_changes_have_a_usual_one(root):
    draft = seeding.start_draft(now=NOW, by=None)
    address = reverse("admin:agreements_agreementversion_delete", args=[draft.pk])
    assert root.post(address, {"post": "yes"}).context["reason_form"].errors
    assert AgreementVersion.objects.filter(pk=draft.pk).exists()
    root.post(address, {"post": "yes", "audit_reason": "Superseded by another draft."})
    assert AuditRecord.objects.get(action="agreementversion deleted").reason == "Superseded by another draft."


def test_staff_delete_second_factors_with_a_reason(root):
    factor = TOTP.activate(make_user(), generate_totp_secret()).instance
    selected = {"action": "delete_selected", "_selected_action": factor.pk, "post": "yes"}
    assert root.post(reverse("admin:mfa_authenticator_changelist"), selected).status_code == 200
    assert Authenticator.objects.exists()
    root.post(reverse("admin:mfa_authenticator_changelist"), selected | {"audit_reason": "Lost phone."})
    assert not Authenticator.objects.exists()
    assert AuditRecord.objects.get(action="authenticator deleted").reason == "Lost phone."


def test_every_admin_that_deletes_asks_for_a_reason():
    request = RequestFactory().get("/")
    request.user = make_staff(superuser=True)
    deleting = [
        model_admin
        for model_admin in admin.site._registry.values()
        if model_admin.has_delete_permission(request, model_admin.model())
    ]
    assert {model_admin.opts.label for model_admin in deleting} >= {"auth.Group", "mfa.Authenticator"}
    assert [model_admin for model_admin in deleting if not isinstance(model_admin, AuditedAdmin)] == []
