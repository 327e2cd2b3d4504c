"""E-mails about versions, acceptances and promotions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements import acceptances, declines, notices, promotions, publishing, version_drafts
from agreements.models import AgreementVersion
from mail.models import Message
from mail.rendering import render
from tests.agreements.acceptance_data import accept_version
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EFFECT = NOW + 20 * DAY


@pytest.fixture
def affiliate(first: AgreementVersion) -> Affiliate:
    affiliate = make_affiliate(state=State.APPROVED, at=NOW - 10 * DAY)
    accept_version(affiliate, first, now=NOW - 9 * DAY)
    affiliate.refresh_from_db()
    return affiliate


@pytest.fixture
def second(affiliate: Affiliate) -> AgreementVersion:
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    return publishing.publish_version(agreement=draft, effective_at=EFFECT, now=NOW, by=None)


def list_kinds() -> list[str]:
    messages = Message.objects.filter(kind__in=("agreement_reminder", "agreement_pause")).order_by("id")
    return list(messages.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (8 * DAY, []),
        (7 * DAY, ["agreement_reminder"]),
        (2 * DAY, ["agreement_reminder"]),
        (1 * DAY, ["agreement_reminder"]),
        (0 * DAY, ["agreement_pause"]),
        (-9 * DAY, ["agreement_pause"]),
    ],
)
def test_reminder_and_pause_notice_are_sent_when_due(second, before, expected):
    assert notices.send_reminders(now=EFFECT - before) == len(expected)
    assert list_kinds() == expected


def test_reminders_are_sent_once_each_when_task_runs_hourly(second):
    for hours in range(-24 * 9, 48):
        notices.send_reminders(now=EFFECT + timedelta(hours=hours))
    assert list_kinds() == ["agreement_reminder", "agreement_reminder", "agreement_pause"]


def test_no_reminder_after_acceptance(affiliate, second):
    accept_version(affiliate, second, now=NOW + DAY)
    assert notices.send_reminders(now=EFFECT - DAY) == 0
    assert notices.send_reminders(now=EFFECT) == 0


def test_no_reminder_after_withdrawal(affiliate, second):
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    assert notices.send_reminders(now=EFFECT) == 0


def test_reminder_due_before_publication_is_skipped(first, affiliate):
    longer = version_drafts.start_draft(now=NOW, by=None)
    longer.change_notice_days = 20
    longer.save()
    publishing.publish_version(agreement=longer, effective_at=NOW, now=NOW, by=None)
    none = version_drafts.start_draft(now=NOW, by=None)
    none.change_notice_days = 0
    none.save()
    publishing.publish_version(agreement=none, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    accept_version(affiliate, none, now=NOW)
    affiliate.refresh_from_db()
    late = NOW + 21 * DAY
    cut = version_drafts.start_draft(now=late, by=None)
    cut.validation_days = 60
    cut.save()
    publishing.publish_version(agreement=cut, effective_at=late + 3 * DAY, now=late, by=None)
    assert notices.send_reminders(now=late + timedelta(hours=1)) == 0
    assert notices.send_reminders(now=late + 2 * DAY) == 1


def render_latest(kind: str) -> str:
    message = Message.objects.filter(kind=kind).latest("created_at")
    rendered = render(kind=kind, context=message.context)
    assert "{" not in rendered.text
    assert rendered.html
    return f"{rendered.subject}\n{rendered.text}"


def test_notices_name_version_date_and_clause(affiliate, second):
    text = render_latest("agreement_change")
    assert "takes effect on 21 Mar 2026, 12:00 UTC" in text
    assert "- Home decor\n  Before: 5.00 %\n  After: 4.50 %\n  worse for you, clause 4.1\n" in text
    assert "(clause 9.4 of version 2)" in text
    assert f"/agreement/versions/{second.pk}/accept/" in text
    notices.send_reminders(now=EFFECT - DAY)
    notices.send_reminders(now=EFFECT)
    assert "clause 9.4 of version 2" in render_latest("agreement_reminder")
    assert "clause 9.4 of version 2" in render_latest("agreement_pause")


def test_benefit_notice_requires_no_action(first, affiliate):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="5.50")
    publishing.publish_version(agreement=draft, effective_at=NOW + DAY, now=NOW, by=None)
    text = render_latest("agreement_benefit")
    assert "you don't need to do anything (clause 9.1 of version 2)" in text
    assert "- Home decor\n  Before: 5.00 %\n  After: 5.50 %\n  better for you, clause 4.1\n" in text


def test_copy_contains_record_hash_and_text_hash(affiliate):
    record = affiliate.acceptances.get()
    text = render_latest("agreement_accepted")
    assert record.hash in text
    assert record.text_sha256 in text


def test_offline_acceptance_notice_states_date_on_paper(first):
    affiliate = make_affiliate(state=State.APPROVED, at=NOW - 10 * DAY)
    acceptances.record_offline_acceptance(
        affiliate=affiliate, agreement=first, accepted_at=NOW - DAY, evidence="Binder", now=NOW, by=None
    )
    assert "on paper on 28 Feb 2026, 12:00 UTC (clause 1.4 of version 1)" in render_latest("agreement_recorded")


def test_withdrawal_notice_states_reason(affiliate, second):
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    assert "Reason: A mistake." in render_latest("agreement_withdrawn")


def test_promotion_notice_names_clause(affiliate):
    promotions.create_promotion(
        name="Summer",
        rate=Decimal("8.00"),
        categories=["home-decor", "bags-shoes"],
        affiliates=[],
        starts_at=NOW + DAY,
        ends_at=NOW + 2 * DAY,
        now=NOW,
        by=None,
    )
    text = render_latest("promotion")
    assert "for the categories below is 8.00 % from 2 Mar 2026, 12:00 UTC until 3 Mar 2026, 12:00 UTC." in text
    assert "- Categories: Home decor, Bags & shoes\n" in text
    assert "(clause 4.2 of version 1)" in text


def test_new_end_of_a_promotion_is_stated_beside_the_old_one(affiliate):
    promotion = promotions.create_promotion(
        name="Summer", rate=Decimal("8.00"), categories=[], affiliates=[], starts_at=NOW + DAY, ends_at=NOW + 2 * DAY,
        now=NOW, by=None,
    )  # fmt: skip
    promotions.change_end(promotion=promotion, ends_at=NOW + 3 * DAY, now=NOW, by=None)
    text = render_latest("promotion_end_changed")
    assert "- End before: 3 Mar 2026, 12:00 UTC\n- End now: 4 Mar 2026, 12:00 UTC\n- Categories: all\n" in text


def test_notices_state_times_in_the_zone_of_each_affiliate(first):
    for zone in ("Asia/Kolkata", "America/New_York"):
        other = make_affiliate(state=State.APPROVED, at=NOW - DAY)
        Affiliate.objects.filter(pk=other.pk).update(time_zone=zone)
        other.refresh_from_db()
        accept_version(other, first, now=NOW)
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    publishing.publish_version(agreement=draft, effective_at=EFFECT, now=NOW, by=None)
    promotions.create_promotion(
        name="Summer", rate=Decimal("8.00"), categories=[], affiliates=[], starts_at=NOW + DAY, ends_at=NOW + 2 * DAY,
        now=NOW, by=None,
    )  # fmt: skip
    notices.send_reminders(now=EFFECT - DAY)
    zones = {}
    for kind, name in [
        ("agreement_accepted", "accepted"), ("agreement_change", "effective"), ("agreement_reminder", "effective"),
        ("promotion", "starts"),
    ]:  # fmt: skip
        zones[kind] = sorted(str(row.context[name]).split()[-1] for row in Message.objects.filter(kind=kind))
    winter, summer = ["EST", "IST"], ["EDT", "IST"]
    assert zones == {
        "agreement_accepted": winter,
        "agreement_change": summer,
        "agreement_reminder": summer,
        "promotion": winter,
    }


def test_benefit_notice_tells_of_pause_without_previous_acceptance(affiliate, second):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="6.00")
    publishing.publish_version(agreement=draft, effective_at=EFFECT + 10 * DAY, now=NOW, by=None)
    text = render_latest("agreement_benefit")
    assert "you have not accepted the previous version" in text
    assert "don't need to do anything" not in text
    assert "/agreement/mine/" in text


def test_leaving_affiliate_receives_withdrawal_notice(affiliate, second):
    status_history.change_status(affiliate=affiliate, to=State.LEAVING, now=NOW + DAY, by=None)
    publishing.withdraw_version(agreement=second, now=NOW + 2 * DAY, by=None, reason="A mistake.")
    assert "clause 9.1 of version 2" in render_latest("agreement_withdrawn")


@pytest.mark.parametrize("state", [State.APPROVED, State.ACTIVE, State.SUSPENDED, State.LEAVING])
@pytest.mark.parametrize("percent", ["4.50", "6.00"])
def test_new_version_is_announced_to_everyone_who_takes_part(first, affiliate, state, percent):
    other = make_affiliate(state=state, at=NOW - DAY)
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent=percent)
    publishing.publish_version(agreement=draft, effective_at=EFFECT, now=NOW, by=None)
    kind = "agreement_change" if percent == "4.50" else "agreement_benefit"
    message = Message.objects.get(kind=kind, to=other.user.email)
    text = render(kind=kind, context=message.context).text
    assert ("You are leaving the program, so you don't need to do anything" in text) == (state == State.LEAVING)
    assert ("You have not accepted the agreement yet" in text) == (state == State.APPROVED)
    assert "- Home decor\n  Before: 5.00 %\n" in text


@pytest.mark.parametrize("state", [State.APPLIED, State.REJECTED, State.TERMINATED])
def test_new_version_is_not_announced_to_anyone_else(first, affiliate, state):
    other = make_affiliate(state=state, at=NOW - DAY)
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    publishing.publish_version(agreement=draft, effective_at=EFFECT, now=NOW, by=None)
    assert not Message.objects.filter(kind="agreement_change", to=other.user.email).exists()


def test_withdrawal_is_announced_to_those_who_have_gone_since(affiliate, second):
    status_history.change_status(affiliate=affiliate, to=State.TERMINATED, now=NOW + DAY, by=None)
    publishing.withdraw_version(agreement=second, now=NOW + 2 * DAY, by=None, reason="A mistake.")
    text = render_latest("agreement_withdrawn")
    assert "It has been withdrawn" in text
    assert "stays the same" not in text


def test_those_who_declined_get_no_reminder_and_no_pause_notice(affiliate, second):
    declines.record_decline(affiliate=affiliate, agreement=second, now=NOW, by=None)
    assert [notices.send_reminders(now=EFFECT - days * DAY) for days in (7, 1, 0)] == [0, 0, 0]


def test_decline_notice_states_date_and_way_back(affiliate, second):
    declines.record_decline(affiliate=affiliate, agreement=second, now=NOW, by=None)
    text = render_latest("agreement_declined")
    assert "when it takes effect, on 21 Mar 2026, 12:00 UTC (clause 9.5 of version 2)" in text
    assert "you can take back your decision" in text
