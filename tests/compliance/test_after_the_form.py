"""After an action in the admin, staff land on a page that says what happened."""

import pytest
from django.urls import reverse

from affiliates.models import Affiliate, State
from agreements.models import Program
from tests.factories import NOW, make_affiliate, make_staff
from tests.scenarios import create_program, import_affiliates

pytestmark = pytest.mark.django_db


def test_on_the_list_of_an_affiliates_reviews(client, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    client.force_login(make_staff("compliance reviewers"))
    assert client.get(reverse("admin:compliance_review_changelist"), {"q": "ANN"}).status_code == 200


def test_of_an_approval_when_the_end_of_the_program_is_announced(client):
    applicant = make_affiliate(state=State.APPLIED)
    Program.current()
    Program.objects.update(end_announced_at=NOW, ends_at=NOW)
    client.force_login(make_staff("affiliate managers"))
    address = reverse("admin:affiliates_affiliate_approve", args=[applicant.pk])
    answer = client.post(address, {"confirmed": "1"}, follow=True)
    assert "applications can only be rejected" in answer.content.decode()
    assert Affiliate.objects.get(pk=applicant.pk).state == State.APPLIED
