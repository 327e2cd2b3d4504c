"""Announcements: whom they reach, once each, in batches."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from affiliates import staff_notes
from affiliates.models import Affiliate, AffiliateTag, Channel, State
from affiliates.notifications import notify_many
from audit.models import AuditRecord
from lib.errors import NotAllowed
from mail.models import Message
from messaging import announcements, audiences
from messaging.models import Announcement, AnnouncementReceipt
from tests.factories import NOW, make_affiliate, make_staff
from tracking.models import Rollup

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    return make_staff("affiliate managers")


def draft(by, **filters):
    answers = {"subject": "The spring catalog", "text": "It is online."} | filters
    return announcements.save_draft(announcement=None, answers=answers, now=NOW, by=by)


def send(announcement, by):
    announcements.send(announcement=announcement, now=NOW, by=by)
    return announcements.deliver_batches(now=NOW)


def list_names(announcement):
    return sorted(audiences.select_readers(announcement, now=NOW).values_list("name", flat=True))


def test_filters_select_readers(by):
    site, blog = (("website", "https://a.example.com/"),), (("blog", "https://b.example.com/"),)
    ann = make_affiliate(name="Ann", country="GB", channels=site)
    ben = make_affiliate(name="Ben", country="DE", channels=blog)
    make_affiliate(name="Cleo", country="DE", state=State.SUSPENDED)
    make_affiliate(name="Dan", state=State.APPLIED)
    Affiliate.objects.filter(pk=make_affiliate(name="Eve").pk).update(erased_at=NOW)
    Channel.objects.filter(affiliate__in=[ann, ben]).update(state="approved", decided_at=NOW)
    for affiliate, day, orders in ((ann, NOW.date(), 1), (ben, NOW.date(), 0), (ann, date(2025, 1, 1), 5)):
        Rollup.objects.create(affiliate=affiliate, dimension="total", day=day, value="", clicks=3, orders=orders)
    assert list_names(draft(by)) == ["Ann", "Ben"]
    assert list_names(draft(by, states=["active", "suspended"])) == ["Ann", "Ben", "Cleo"]
    assert list_names(draft(by, countries=["DE", "FR"])) == ["Ben"]
    assert list_names(draft(by, channel_kinds=["blog"])) == ["Ben"]
    assert list_names(draft(by, activity="clicks")) == ["Ann", "Ben"]
    assert list_names(draft(by, activity="orders")) == ["Ann"]
    assert list_names(draft(by, activity="no_orders")) == ["Ben"]
    assert list_names(draft(by, activity="no_clicks", states=["active", "suspended"])) == ["Cleo"]
    assert list_names(draft(by, activity="orders", countries=["DE"])) == []


def test_tags_select_readers(by):
    ann, ben, cleo = (make_affiliate(name=name) for name in ("Ann", "Ben", "Cleo"))
    staff_notes.set_tags(affiliate=ann, names=["Garden", "VIP"], reason="Test.", now=NOW, by=by)
    staff_notes.set_tags(affiliate=ben, names=["VIP"], reason="Test.", now=NOW, by=by)
    tags = dict(AffiliateTag.objects.values_list("name", "pk"))
    announcement = draft(by, tags=[tags["VIP"]])
    assert list_names(announcement) == ["Ann", "Ben"]
    assert AuditRecord.objects.get(action="announcement drafted").after["tags"] == "VIP"
    assert list_names(draft(by, tags=list(tags.values()))) == ["Ann", "Ben"], "each once"
    assert list_names(draft(by, tags=[tags["Garden"]], countries=["DE"])) == []
    assert list_names(draft(by)) == ["Ann", "Ben", cleo.name]
    AffiliateTag.objects.filter(name="Garden").delete()
    assert list_names(draft(by, tags=[tags["Garden"]])) == [], "a tag that is gone selects no one, not everyone"


def test_tags_of_a_sent_announcement_never_change(by):
    ann = make_affiliate()
    staff_notes.set_tags(affiliate=ann, names=["VIP"], reason="Test.", now=NOW, by=by)
    announcement = draft(by, tags=[AffiliateTag.objects.get().pk])
    send(announcement, by)
    with pytest.raises(DatabaseError), transaction.atomic():
        Announcement.objects.filter(pk=announcement.pk).update(tags=[])


def test_each_reader_gets_it_once_in_batches(by, monkeypatch):
    monkeypatch.setattr(announcements, "BATCH_SIZE", 2)
    readers = [make_affiliate() for _number in range(5)]
    muting = readers[3]
    Affiliate.objects.filter(pk=muting.pk).update(muted_kinds=["announcement"])
    announcement = draft(by)
    assert send(announcement, by) == 5
    assert announcements.deliver_batches(now=NOW) == 0
    announcement.refresh_from_db()
    assert (announcement.state, announcement.readers) == ("sent", 5)
    assert AnnouncementReceipt.objects.filter(announcement=announcement).count() == 5
    mails = Message.objects.filter(kind="announcement")
    assert set(mails.values_list("user", flat=True)) == {one.user_id for one in readers if one != muting}
    assert AuditRecord.objects.get(action="announcement sent").after == {"readers": 5}


def test_batch_that_dies_is_repeated_whole(by, monkeypatch):
    monkeypatch.setattr(announcements, "BATCH_SIZE", 2)
    for _number in range(5):
        make_affiliate()
    announcement = draft(by)
    calls = []

    def die_once(**fields):
        calls.append(1)
        notify_many(**fields)
        if len(calls) == 2:
            raise ConnectionError("the worker died")

    monkeypatch.setattr(announcements, "notify_many", die_once)
    with pytest.raises(ConnectionError):
        send(announcement, by)
    assert (Message.objects.filter(kind="announcement").count(), AnnouncementReceipt.objects.count()) == (2, 2)
    assert announcements.deliver_batches(now=NOW) == 3
    assert (Message.objects.filter(kind="announcement").count(), AnnouncementReceipt.objects.count()) == (5, 5)


def test_announcement_is_sent_once_and_never_changed(by):
    make_affiliate()
    announcement = draft(by)
    send(announcement, by)
    for act in (announcements.send, announcements.discard):
        with pytest.raises(NotAllowed, match="can no longer be changed"):
            act(announcement=announcement, now=NOW, by=by)
    answers = {"subject": "Other", "text": "Other."}
    with pytest.raises(NotAllowed):
        announcements.save_draft(announcement=announcement, answers=answers, now=NOW, by=by)
    rows = Announcement.objects.filter(pk=announcement.pk)
    for change in ({"text": "Other."}, {"countries": ["DE"]}, {"state": "draft"}, {"sent_at": NOW + timedelta(1)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()


def test_announcement_without_readers_is_not_sent(by):
    announcement = draft(by, countries=["FR"])
    with pytest.raises(NotAllowed, match="no affiliate"):
        announcements.send(announcement=announcement, now=NOW, by=by)
    announcements.discard(announcement=announcement, now=NOW, by=by)
    with pytest.raises(NotAllowed):
        announcements.send(announcement=announcement, now=NOW, by=by)


def test_test_mail_goes_to_its_sender_alone(by):
    make_affiliate()
    announcements.send_test(announcement=draft(by), now=NOW, by=by)
    assert Message.objects.get(kind="announcement").to == by.email
    assert not AnnouncementReceipt.objects.exists()
