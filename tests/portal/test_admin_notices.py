"""What the admin of the portal adds to notices: the clause of a decision, and the impact of a published version."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates.models import State
from agreements import version_drafts
from agreements.clauses import cite_clause
from agreements.rules import Rule
from agreements.seeding import publish_seed_agreement
from agreements.term_impact import TermImpact
from mail.models import Message
from portal.admin import agreement_versions
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def test_decisions_made_in_the_admin_cite_their_clauses(client):
    version = publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    client.force_login(make_staff("affiliate managers"))
    accepted, refused = make_affiliate(state=State.APPLIED), make_affiliate(state=State.APPLIED)
    reason = {"confirmed": "1", "reason": "Spam."}
    client.post(reverse("admin:affiliates_channel_approve", args=[accepted.channels.get().pk]), {"confirmed": "1"})
    client.post(reverse("admin:affiliates_channel_reject", args=[accepted.channels.get().pk]), reason)
    client.post(reverse("admin:affiliates_affiliate_approve", args=[accepted.pk]), {"confirmed": "1"})
    client.post(reverse("admin:affiliates_affiliate_reject", args=[refused.pk]), reason)
    clauses = dict(Message.objects.exclude(kind="application_received").values_list("kind", "context__clause"))
    assert clauses == {
        "channel_approved": cite_clause(version, Rule.CHANNELS),
        "channel_rejected": cite_clause(version, Rule.CHANNELS),
        "application_approved": cite_clause(version, Rule.ACCEPTANCE),
        "application_rejected": cite_clause(version, Rule.ELIGIBILITY),
    }


def test_version_published_in_the_admin_states_its_impact(client, monkeypatch):
    publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    affiliate = make_affiliate()
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="6.00")
    impact = TermImpact(Decimal("2.00"), Decimal("2.40"))
    monkeypatch.setattr(agreement_versions, "measure_impact", lambda **_arguments: {affiliate.pk: impact})
    client.force_login(make_staff(superuser=True))
    day = f"{NOW + timedelta(days=30):%Y-%m-%d}"
    url = reverse("admin:agreements_agreementversion_publish", args=[draft.pk])
    client.post(url, {"confirmed": "1", "effective_at": day, "name": draft.name})
    context = Message.objects.get(kind="agreement_benefit").context
    assert (context["actual"], context["projected"]) == ("2.00 USD", "2.40 USD")
