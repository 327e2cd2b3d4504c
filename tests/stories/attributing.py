"""A small program for stories of attribution: Ann and Ben take part since 2 January 2026, Cat is approved and no more.

Each has a coupon of their name, bound since then, and Ann and Ben a link. Moments are of 2026 in UTC, as "03-10T12:00".
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import time_machine
from django.conf import settings
from django.test import Client

from affiliates import applications, standing
from affiliates.models import Affiliate, State
from agreements import accepting, drafting, publishing, seeding
from agreements.models import Agreement, Program
from compliance.offboarding import program_end, suspension, termination
from shops.intake import Result
from tests.factories import make_affiliate, make_user
from tests.worlds import order, send
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Coupon, Link

SHOP = "shop.example"
TICK = timedelta(microseconds=1)


def at(text: str) -> datetime:
    """A moment of 2026: "03-10", "03-10T12:00" or finer."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


class Place:
    """The program and what happens in it; each verb says at which moment."""

    def __init__(self) -> None:
        Program.current()
        Program.objects.update(shop_url=f"https://{SHOP}/", shop_hosts=[SHOP])
        self.first = seeding.seed(effective_at=at("01-01"), now=at("01-01"), by=None)
        self.people: dict[str, Affiliate] = {}
        self.links: dict[str, Link] = {}
        # What else the shop tells of an order, by keyword of `tests.worlds.order`.
        self.told: dict[str, Any] = {}
        for code in ("ANN", "BEN"):
            self.approve(code, "01-01")
            self.accept(code, "1", "01-02")
            self.link(code, "01-02")
        self.approve("CAT", "01-01")

    # --- People -------------------------------------------------------------------------------------------------

    def approve(self, code: str, when: str) -> None:
        self.apply(code, when, State.APPROVED)

    def apply(self, code: str, when: str, state: State = State.APPLIED) -> None:
        user = make_user(email=f"{code.lower()}@example.com", name=code.title())
        affiliate = make_affiliate(state=state, at=at(when), user=user)
        Affiliate.objects.filter(pk=affiliate.pk).update(code=code)
        affiliate.code = code
        self.people[code] = affiliate
        self.bind(code, code, "01-02")

    def reject(self, code: str, when: str) -> None:
        applications.reject(affiliate=self._now(code), reason="Not this time.", clause="", now=at(when), by=None)

    def accept(self, code: str, version: str, when: str, *, recorded: str = "") -> None:
        agreement = Agreement.objects.get(name=version)
        accepting.record_offline(
            affiliate=self._now(code),
            agreement=agreement,
            accepted_at=at(when),
            evidence="signed paper",
            now=at(recorded or when),
            by=None,
        )
        self._now(code)

    def suspend(self, code: str, when: str) -> None:
        suspension.suspend(affiliate=self._now(code), reason="So.", now=at(when), by=None)

    def reinstate(self, code: str, when: str) -> None:
        suspension.reinstate(affiliate=self._now(code), reason="So.", now=at(when), by=None)

    def leave(self, code: str, when: str) -> None:
        termination.leave(affiliate=self._now(code), now=at(when), by=None)

    def end(self, code: str, when: str, *, breach: bool = False) -> None:
        """The last step of a notice that has run off, or of a review that decided on termination."""
        standing.move(
            affiliate=self._now(code), to=State.TERMINATED, now=at(when), by=None, reason="So.", breach=breach
        )

    def restore(self, code: str, when: str) -> None:
        """An appeal is granted."""
        standing.move(affiliate=self._now(code), to=State.ACTIVE, now=at(when), by=None, reason="An appeal.")

    def _now(self, code: str) -> Affiliate:
        self.people[code].refresh_from_db()
        return self.people[code]

    # --- The program --------------------------------------------------------------------------------------------

    def publish(self, effective: str, **terms: Any) -> Agreement:
        """A new version a month before it takes effect; `attribution_days` and `home_decor` (percent) are what may differ."""
        draft = drafting.start(now=at(effective) - timedelta(days=31), by=None)
        if percent := terms.pop("home_decor", None):
            draft.rates.filter(category="home-decor").update(percent=percent)
        Agreement.objects.filter(pk=draft.pk).update(**terms)
        published_at = at(effective) - timedelta(days=30)
        return publishing.publish(agreement=draft, effective_at=at(effective), now=published_at, by=None)

    def worse(self, effective: str) -> Agreement:
        """A version to their detriment: a lower rate."""
        return self.publish(effective, home_decor="4.00")

    def end_program(self, when: str) -> None:
        program_end.announce_end(ends_at=at(when), now=at(when) - timedelta(days=40), by=None, reason="So.")

    # --- Links and coupons --------------------------------------------------------------------------------------

    def link(self, code: str, when: str) -> None:
        target = f"https://{SHOP}/"
        name = f"{code.title()}'s page"
        self.links[code] = tracking_links.create(
            affiliate=self._now(code), target=target, name=name, now=at(when), by=None
        )

    def retarget(self, code: str, when: str) -> None:
        target = f"https://{SHOP}/other"
        tracking_links.change(link=self.links[code], target=target, name="Other", now=at(when), by=None)

    def pause(self, code: str, when: str) -> None:
        tracking_links.pause(link=self.links[code], now=at(when), by=None)

    def bind(self, owner: str, code: str, since: str | None, *, when: str = "01-01") -> None:
        begin = at(since) if since else None
        coupons.bind(affiliate=self.people[owner], code=code, bound_from=begin, now=at(when), by=None)

    def unbind(self, code: str, when: str) -> None:
        coupons.unbind(coupon=Coupon.objects.get(code=code, bound_until=None), now=at(when), by=None)

    def follow(self, code: str, when: str) -> str | None:
        """Somebody follows the link; the click id that the shop gets with them, None for none."""
        with time_machine.travel(at(when), tick=False):
            answer = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}).get(f"/r/{self.links[code].code}")
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target.hostname) == (302, SHOP)
        return parse_qs(target.query).get("click_id", [None])[0]

    # --- The shop -----------------------------------------------------------------------------------------------

    def sell(self, order_id: str, placed: datetime, *, news: str = "", **facts: Any) -> Result:
        """The shop sends the order as it stands; `news` is the moment of a later report of it."""
        sent = at(news) if news else placed
        snapshot = order(order_id, at=sent.isoformat(), placed=placed.isoformat(), **facts)
        [result] = send(snapshot, now=max(sent, placed) + timedelta(hours=1))
        assert result.outcome in {"created", "updated"}, result
        return result


# --- Click ids ------------------------------------------------------------------------------------------------------

ClickId = Callable[[Place], str | None]


def click(code: str, when: str) -> ClickId:
    """A genuine receipt for a click on the link of `code`."""
    return lambda place: click_ids.sign(place.links[code].pk, at(when))


def followed(code: str, when: str) -> ClickId:
    """What the redirect itself gave out."""
    return lambda place: place.follow(code, when)


def altered(code: str, when: str, position: int) -> ClickId:
    """A receipt of which one character was changed."""

    def text(place: Place) -> str:
        genuine = click_ids.sign(place.links[code].pk, at(when))
        return genuine[:position] + ("A" if genuine[position] != "A" else "B") + genuine[position + 1 :]

    return text


def signed_with(key: str, code: str, when: str) -> ClickId:
    """A receipt under another key: another installation's, or one that was withdrawn."""

    def text(place: Place) -> str:
        with patch.object(settings, "CLICK_ID_KEYS", [key]):
            return click_ids.sign(place.links[code].pk, at(when))

    return text


def of_no_link(when: str) -> ClickId:
    return lambda _place: click_ids.sign(uuid4(), at(when))


class Case(NamedTuple):
    """A story: what happened before, what the order names, and whose it must be, by which reason and clause."""

    story: str
    owner: str | None
    reason: str
    clause: str  # of version 1 unless it says so
    coupon: str | None = None
    click: ClickId | None = None
    placed: datetime = at("03-10T12:00")
    before: tuple[Callable[[Place], object], ...] = ()
