"""The timeline on the page of an affiliate, by who reads it, and the tab of personal data."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates import channels, staff_notes, status_history
from affiliates.models import Channel, State
from agreements.models import Program
from compliance.offboarding import suspension
from lib.formatting import format_datetime
from messaging import conversations
from payouts.commissions import holds
from payouts.ledger import adjustments
from payouts.payout_details import details
from portal import erasure
from portal.affiliate_page.timeline import PAGE_SIZE
from tests.compliance.cases import make_active_affiliate, seed_agreement
from tests.factories import make_staff
from tracking.links import coupons, tracking_links

pytestmark = pytest.mark.django_db
ACCOUNT = "ann@pay.example"


@pytest.fixture
def affiliate(db):
    """Return an affiliate who did a little, and to whom staff did a little."""
    seed_agreement()
    affiliate, now, by = make_active_affiliate(), timezone.now(), make_staff(superuser=True)
    conversations.write_to_program(affiliate=affiliate, subject="A question", text="x", now=now, by=affiliate.user)
    suspension.suspend(affiliate=affiliate, reason="Odd clicks.", now=now, by=by)
    suspension.reinstate(affiliate=affiliate, reason="All is well.", now=now + timedelta(seconds=1), by=by)
    details.change_details(
        affiliate=affiliate, method="paypal", account=ACCOUNT, holder="Ann", now=now, by=affiliate.user,
        confirmation="a test",
    )  # fmt: skip
    holds.hold_payouts(affiliate=affiliate, source="staff", reason="Ask the bank.", now=now, by=by)
    bonus = Decimal("5.00")
    proposed = adjustments.propose(affiliate=affiliate, kind="bonus", amount=bonus, reason="Pictures.", now=now, by=by)
    approver = make_staff(superuser=True)
    adjustments.approve(adjustment=proposed, now=now, by=approver)
    return affiliate


def build_url(affiliate, tab="audit", **query):
    url = reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])
    return f"{url}?tab={tab}" + "".join(f"&{name}={value}" for name, value in query.items())


@pytest.mark.parametrize(
    ("group", "seen", "unseen"),
    [
        ("affiliate managers", ["message written", "Odd clicks."], ["agreement version accepted", "adjustment"]),
        (
            "compliance reviewers",
            ["message written", "Odd clicks.", "agreement version accepted"],
            ["adjustment"],
        ),
        (
            "payout preparers",
            ["payout details changed", "Odd clicks.", "adjustment approved"],
            ["message written", "agreement version accepted"],
        ),
    ],
)
def test_timeline_has_what_the_reader_may_view(client, affiliate, group, seen, unseen):
    client.force_login(make_staff(group))
    page = client.get(build_url(affiliate)).content.decode()
    for text in seen:
        assert text in page, text
    for text in unseen:
        assert text not in page, text
    assert "All is well." in page
    assert ACCOUNT not in page
    assert reverse("admin:audit_auditrecord_changelist") not in page


def test_timeline_leads_to_older_entries(client, affiliate):
    now, by = timezone.now(), make_staff(superuser=True)
    for number in range(PAGE_SIZE):
        coupons.assign_coupon(affiliate=affiliate, code=f"C{number}", assigned_from=now, now=now, by=by)
    client.force_login(make_staff("affiliate managers"))
    page = client.get(build_url(affiliate)).content.decode()
    assert "Odd clicks." not in page
    older = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    url = reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])
    assert "Odd clicks." in client.get(url + older).content.decode()
    assert client.get(build_url(affiliate, before="nonsense")).status_code == 200
    assert client.get(build_url(affiliate, before="2026-01-01")).status_code == 200


def test_timeline_names_what_an_entry_is_about(client, affiliate):
    """Which coupon, tag, channel and message it was, and from when a state applied that was recorded later."""
    now, by = timezone.now(), make_staff(superuser=True)
    coupons.assign_coupon(affiliate=affiliate, code="SPRINGTIME", assigned_from=now, now=now, by=by)
    staff_notes.add_tags(affiliate=affiliate, names=["hobby"], reason="So.", now=now, by=by)
    channel = channels.add(
        affiliate=affiliate, kind="website", address="https://beds.example/", now=now, by=affiliate.user
    )
    channels.decide(channel=channel, to=Channel.State.APPROVED, reason="Fits.", now=now, by=by)
    conversations.write_to_affiliate(affiliate=affiliate, subject="Your beds", text="Nice.", now=now, by=by)
    early = now - timedelta(days=1)
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, reason="Odd.", now=now, at=early, by=by)
    client.force_login(make_staff("affiliate managers"))
    page = client.get(build_url(affiliate)).content.decode()
    for text in ("SPRINGTIME: No reason was given.", "hobby: So.", "beds.example/: Fits.", "Your beds: A message"):
        assert text in page, text
    assert f"in effect since {format_datetime(early)}: Odd." in page


def test_links_show_the_figures_of_this_and_last_month_and_lead_to_the_report(client, affiliate):
    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    tracking_links.create_link(affiliate=affiliate, target="https://shop.example.com/", now=timezone.now(), by=None)
    client.force_login(make_staff("affiliate managers"))
    page = client.get(build_url(affiliate, "links")).content.decode()
    assert "Clicks / orders this month" in page
    assert "0 / 0" in page
    report = f"{reverse('payouts:staff_reports')}?affiliate={affiliate.code}&amp;by=link&amp;period=last-month"
    assert report in page


def test_owner_sees_what_is_stored_and_the_state_of_the_request(client, affiliate):
    client.force_login(make_staff("affiliate managers"))
    assert client.get(build_url(affiliate, "personal_data")).status_code == 403
    client.force_login(make_staff(superuser=True))
    page = client.get(build_url(affiliate, "personal_data")).content.decode()
    assert "No deletion request." in page
    assert "Enter a deletion request" in page
    assert "kept under a pseudonym for the years that the agreement states" in page
    erasure.request_erasure(affiliate=affiliate, now=timezone.now(), by=None)
    page = client.get(build_url(affiliate, "personal_data")).content.decode()
    assert "waits: The affiliate is still in the program: they leave it, or you give notice." in page
    assert "<td>E-mails</td>" not in page
    assert "E-mails sent to the affiliate" in page
    assert "Personal fields of acceptances" in page
    assert ACCOUNT not in page


def test_empty_lists_say_where_a_deletion_request_is_entered(client, db):
    client.force_login(make_staff(superuser=True))
    for name in ("changelist", "upcoming_deletions"):
        page = client.get(reverse(f"admin:portal_erasurerequest_{name}")).content.decode()
        assert "Personal data" in page, name
