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

from affiliates import applications, status_history
from affiliates.models import Affiliate, State
from agreements import acceptances, publishing, seeding, version_drafts
from agreements.models import AgreementVersion, Program
from compliance.offboarding import program_end, suspension, termination
from tests.factories import make_affiliate, make_user
from tests.scenarios import build_order, send_orders
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Coupon, Link
from tracking.orders.incoming import IncomingOrder

SHOP = "shop.example"
TICK = timedelta(microseconds=1)


def parse_2026(text: str) -> datetime:
    """A moment of 2026: "03-10", "03-10T12:00" or finer."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


class ScriptedProgram:
    """The program and what happens in it; each verb says at which moment."""

    def __init__(self) -> None:
        Program.current()
        Program.objects.update(shop_url=f"https://{SHOP}/", shop_hosts=[SHOP])
        self.first = seeding.publish_seed_agreement(effective_at=parse_2026("01-01"), now=parse_2026("01-01"), by=None)
        self.people: dict[str, Affiliate] = {}
        self.links: dict[str, Link] = {}
        # What else the shop tells of an order, by keyword of `tests.scenarios.build_order`.
        self.order_facts: dict[str, Any] = {}
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
        affiliate = make_affiliate(state=state, at=parse_2026(when), user=user)
        Affiliate.objects.filter(pk=affiliate.pk).update(code=code)
        affiliate.code = code
        self.people[code] = affiliate
        self.bind(code, code, "01-02")

    def reject(self, code: str, when: str) -> None:
        applications.reject(
            affiliate=self._now(code), reason="Not this time.", clause="", now=parse_2026(when), by=None
        )

    def accept(self, code: str, version: str, when: str, *, recorded: str = "") -> None:
        agreement = AgreementVersion.objects.get(name=version)
        acceptances.record_offline_acceptance(
            affiliate=self._now(code),
            agreement=agreement,
            accepted_at=parse_2026(when),
            evidence="signed paper",
            now=parse_2026(recorded or when),
            by=None,
        )
        self._now(code)

    def suspend(self, code: str, when: str) -> None:
        suspension.suspend(affiliate=self._now(code), reason="So.", now=parse_2026(when), by=None)

    def reinstate(self, code: str, when: str) -> None:
        suspension.reinstate(affiliate=self._now(code), reason="So.", now=parse_2026(when), by=None)

    def leave(self, code: str, when: str) -> None:
        termination.leave_program(affiliate=self._now(code), now=parse_2026(when), by=None)

    def terminate(self, code: str, when: str, *, breach: bool = False) -> None:
        """The last step of a notice that has run off, or of a review that decided on termination."""
        status_history.change_status(
            affiliate=self._now(code), to=State.TERMINATED, now=parse_2026(when), by=None, reason="So.", breach=breach
        )

    def restore(self, code: str, when: str) -> None:
        """An appeal is granted."""
        status_history.change_status(
            affiliate=self._now(code), to=State.ACTIVE, now=parse_2026(when), by=None, reason="An appeal."
        )

    def _now(self, code: str) -> Affiliate:
        self.people[code].refresh_from_db()
        return self.people[code]

    # --- The program --------------------------------------------------------------------------------------------

    def publish(self, effective: str, **terms: Any) -> AgreementVersion:
        """A new version a month before it takes effect; `attribution_days` and `home_decor` (percent) are what may differ."""
        draft = version_drafts.start_draft(now=parse_2026(effective) - timedelta(days=31), by=None)
        if percent := terms.pop("home_decor", None):
            draft.rates.filter(category="home-decor").update(percent=percent)
        AgreementVersion.objects.filter(pk=draft.pk).update(**terms)
        published_at = parse_2026(effective) - timedelta(days=30)
        return publishing.publish_version(
            agreement=draft, effective_at=parse_2026(effective), now=published_at, by=None
        )

    def publish_lower_rate(self, effective: str) -> AgreementVersion:
        """A version to their detriment: a lower rate."""
        return self.publish(effective, home_decor="4.00")

    def end_program(self, when: str) -> None:
        program_end.announce_end(
            ends_at=parse_2026(when), now=parse_2026(when) - timedelta(days=40), by=None, reason="So."
        )

    # --- Links and coupons --------------------------------------------------------------------------------------

    def link(self, code: str, when: str) -> None:
        target = f"https://{SHOP}/"
        name = f"{code.title()}'s page"
        self.links[code] = tracking_links.create_link(
            affiliate=self._now(code), target=target, name=name, now=parse_2026(when), by=None
        )

    def retarget(self, code: str, when: str) -> None:
        target = f"https://{SHOP}/other"
        tracking_links.update_link(link=self.links[code], target=target, name="Other", now=parse_2026(when), by=None)

    def pause(self, code: str, when: str) -> None:
        tracking_links.pause_link(link=self.links[code], now=parse_2026(when), by=None)

    def bind(self, owner: str, code: str, since: str | None, *, when: str = "01-01") -> None:
        begin = parse_2026(since) if since else None
        coupons.assign_coupon(
            affiliate=self.people[owner], code=code, assigned_from=begin, now=parse_2026(when), by=None
        )

    def unbind(self, code: str, when: str) -> None:
        coupons.unassign_coupon(
            coupon=Coupon.objects.get(code=code, assigned_until=None), now=parse_2026(when), by=None
        )

    def follow(self, code: str, when: str) -> str | None:
        """Somebody follows the link; the click id that the shop gets with them, None for none."""
        with time_machine.travel(parse_2026(when), tick=False):
            answer = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}).get(f"/r/{self.links[code].code}")
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target.hostname) == (302, SHOP)
        return parse_qs(target.query).get("click_id", [None])[0]

    # --- The shop -----------------------------------------------------------------------------------------------

    def sell(self, order_id: str, placed: datetime, *, reported_again: str = "", **facts: Any) -> IncomingOrder:
        """The shop sends the order as it stands; `news` is the moment of a later report of it."""
        sent = parse_2026(reported_again) if reported_again else placed
        snapshot = build_order(order_id, at=sent.isoformat(), placed=placed.isoformat(), **facts)
        [result] = send_orders(snapshot, now=max(sent, placed) + timedelta(hours=1))
        assert result.outcome in {"created", "updated"}, result
        return result


# --- Click ids ------------------------------------------------------------------------------------------------------

ClickId = Callable[[ScriptedProgram], str | None]


def sign_click(code: str, when: str) -> ClickId:
    """A genuine receipt for a click on the link of `code`."""
    return lambda program: click_ids.sign_click_id(program.links[code].pk, parse_2026(when))


def follow_link(code: str, when: str) -> ClickId:
    """What the redirect itself gave out."""
    return lambda program: program.follow(code, when)


def alter_click_id(code: str, when: str, position: int) -> ClickId:
    """A receipt of which one character was changed."""

    def text(program: ScriptedProgram) -> str:
        genuine = click_ids.sign_click_id(program.links[code].pk, parse_2026(when))
        return genuine[:position] + ("A" if genuine[position] != "A" else "B") + genuine[position + 1 :]

    return text


def sign_with_key(key: str, code: str, when: str) -> ClickId:
    """A receipt under another key: another installation's, or one that was withdrawn."""

    def text(program: ScriptedProgram) -> str:
        with patch.object(settings, "CLICK_ID_KEYS", [key]):
            return click_ids.sign_click_id(program.links[code].pk, parse_2026(when))

    return text


def sign_unknown_link(when: str) -> ClickId:
    return lambda _place: click_ids.sign_click_id(uuid4(), parse_2026(when))


class Case(NamedTuple):
    """A story: what happened before, what the order names, and whose it must be, by which reason and clause."""

    title: str
    owner: str | None
    reason: str
    clause: str  # of version 1 unless it says so
    coupon: str | None = None
    click: ClickId | None = None
    placed: datetime = parse_2026("03-10T12:00")
    before: tuple[Callable[[ScriptedProgram], object], ...] = ()
