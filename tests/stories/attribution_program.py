"""A small program for attribution stories. Ann and Ben have been active since 2 January 2026, and Cat is approved.

Each has had a coupon with their code since then, and Ann and Ben have a link. Times are in 2026 and UTC: "03-10T12:00".
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
from agreements import acceptances, declines, publishing, version_drafts
from agreements.models import AgreementVersion, Program
from compliance.offboarding import declined_versions, notice_expiry, program_end, suspension, termination
from tests.agreements.acceptance_data import accept_version
from tests.factories import make_affiliate, make_user
from tests.scenarios import build_order, send_orders
from tests.table_copies import publish_seed_agreement_once
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Coupon, Link
from tracking.orders.incoming import IncomingOrder

SHOP = "shop.example"
TICK = timedelta(microseconds=1)


def parse_2026(text: str) -> datetime:
    """Parse a time in 2026: "03-10", "03-10T12:00" or more precise."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


class ScriptedProgram:
    """The program and the events in it; each event has a time."""

    def __init__(self) -> None:
        self.first = publish_seed_agreement_once(parse_2026("01-01"))
        Program.current()
        Program.objects.update(shop_url=f"https://{SHOP}/", shop_hosts=[SHOP])
        self.affiliates: dict[str, Affiliate] = {}
        self.links: dict[str, Link] = {}
        # Further keyword arguments for `tests.scenarios.build_order`.
        self.order_facts: dict[str, Any] = {}
        for code in ("ANN", "BEN"):
            self.approve(code, "01-01")
            self.accept(code, "1", "01-02")
            self.link(code, "01-02")
        self.approve("CAT", "01-01")

    # --- Affiliates ---------------------------------------------------------------------------------------------

    def approve(self, code: str, when: str) -> None:
        self.apply(code, when, State.APPROVED)

    def apply(self, code: str, when: str, state: State = State.APPLIED) -> None:
        user = make_user(email=f"{code.lower()}@example.com", name=code.title())
        affiliate = make_affiliate(state=state, at=parse_2026(when), user=user)
        Affiliate.objects.filter(pk=affiliate.pk).update(code=code)
        affiliate.code = code
        self.affiliates[code] = affiliate
        self.assign(code, code, "01-02")

    def reject(self, code: str, when: str) -> None:
        applications.reject(
            affiliate=self._refresh(code), reason="Not this time.", clause="", now=parse_2026(when), by=None
        )

    def accept(self, code: str, version: str, when: str, *, recorded: str = "") -> None:
        agreement = AgreementVersion.objects.get(name=version)
        acceptances.record_offline_acceptance(
            affiliate=self._refresh(code),
            agreement=agreement,
            accepted_at=parse_2026(when),
            evidence="signed paper",
            now=parse_2026(recorded or when),
            by=None,
        )
        self._refresh(code)

    def suspend(self, code: str, when: str) -> None:
        suspension.suspend(affiliate=self._refresh(code), reason="A test.", now=parse_2026(when), by=None)

    def reinstate(self, code: str, when: str) -> None:
        suspension.reinstate(affiliate=self._refresh(code), reason="A test.", now=parse_2026(when), by=None)

    def leave(self, code: str, when: str) -> None:
        termination.leave_program(affiliate=self._refresh(code), now=parse_2026(when), by=None)

    def take_back_leaving(self, code: str, when: str) -> None:
        termination.take_back_leaving(affiliate=self._refresh(code), now=parse_2026(when), by=None)

    def decline(self, code: str, version: str, when: str) -> None:
        declined_versions.decline_version(
            affiliate=self._refresh(code),
            agreement=AgreementVersion.objects.get(name=version),
            now=parse_2026(when),
            by=None,
        )

    def take_back_decline(self, code: str, when: str) -> None:
        [decline] = declines.list_pending_declines(self._refresh(code))
        declines.take_back_decline(decline=decline, now=parse_2026(when), by=None)

    def accept_online(self, code: str, version: str, when: str) -> None:
        agreement = AgreementVersion.objects.get(name=version)
        accept_version(self._refresh(code), agreement, now=parse_2026(when))

    def run_tasks(self, when: str) -> None:
        """Run the scheduled task of declines and notices."""
        notice_expiry.apply_due_declines(now=parse_2026(when))
        notice_expiry.apply_expired_notices(now=parse_2026(when))

    def get_state(self, code: str) -> str:
        return str(self._refresh(code).state)

    def terminate(self, code: str, when: str, *, breach: bool = False) -> None:
        """Terminate as an expired notice or a review decision does."""
        status_history.change_status(
            affiliate=self._refresh(code),
            to=State.TERMINATED,
            now=parse_2026(when),
            by=None,
            reason="A test.",
            breach=breach,
        )

    def restore(self, code: str, when: str) -> None:
        """Annul the termination as a granted appeal does."""
        affiliate = self._refresh(code)
        status_history.annul_change(
            change=affiliate.status_changes.get(after=State.TERMINATED),
            affiliate=affiliate,
            now=parse_2026(when),
            by=None,
            reason="An appeal.",
            clause="8.7",
        )

    def _refresh(self, code: str) -> Affiliate:
        self.affiliates[code].refresh_from_db()
        return self.affiliates[code]

    # --- The program --------------------------------------------------------------------------------------------

    def publish(self, effective: str, **terms: Any) -> AgreementVersion:
        """Publish a version a month before it takes effect, with other `attribution_days` or `home_decor` (percent)."""
        draft = version_drafts.start_draft(now=parse_2026(effective) - timedelta(days=31), by=None)
        if percent := terms.pop("home_decor", None):
            draft.rates.filter(category="home-decor").update(percent=percent)
        AgreementVersion.objects.filter(pk=draft.pk).update(**terms)
        published_at = parse_2026(effective) - timedelta(days=30)
        return publishing.publish_version(
            agreement=draft, effective_at=parse_2026(effective), now=published_at, by=None
        )

    def publish_lower_rate(self, effective: str) -> AgreementVersion:
        """Publish a version that is detrimental to affiliates."""
        return self.publish(effective, home_decor="4.00")

    def end_program(self, when: str) -> None:
        program_end.announce_end(
            ends_at=parse_2026(when), now=parse_2026(when) - timedelta(days=40), by=None, reason="A test."
        )

    # --- Links and coupons --------------------------------------------------------------------------------------

    def link(self, code: str, when: str) -> None:
        target = f"https://{SHOP}/"
        name = f"{code.title()}'s page"
        self.links[code] = tracking_links.create_link(
            affiliate=self._refresh(code), target=target, name=name, now=parse_2026(when), by=None
        )

    def retarget(self, code: str, when: str) -> None:
        target = f"https://{SHOP}/other"
        tracking_links.update_link(link=self.links[code], target=target, name="Other", now=parse_2026(when), by=None)

    def pause(self, code: str, when: str) -> None:
        tracking_links.pause_link(link=self.links[code], now=parse_2026(when), by=None)

    def assign(self, owner: str, code: str, since: str | None, *, when: str = "01-01") -> None:
        start = parse_2026(since) if since else None
        coupons.assign_coupon(
            affiliate=self.affiliates[owner], code=code, assigned_from=start, now=parse_2026(when), by=None
        )

    def unassign(self, code: str, when: str) -> None:
        coupons.unassign_coupon(
            coupon=Coupon.objects.get(code=code, assigned_until=None), now=parse_2026(when), by=None
        )

    def follow(self, code: str, when: str) -> str | None:
        """Follow the link, and return the click id that the shop receives, if any."""
        with time_machine.travel(parse_2026(when), tick=False):
            response = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}).get(f"/r/{self.links[code].code}")
        target = urlsplit(response.headers["Location"])
        assert (response.status_code, target.hostname) == (302, SHOP)
        return parse_qs(target.query).get("click_id", [None])[0]

    # --- The shop -----------------------------------------------------------------------------------------------

    def sell(self, order_id: str, placed: datetime, *, reported_again: str = "", **facts: Any) -> IncomingOrder:
        """Send the order; `reported_again` is the time of a later report of it."""
        sent = parse_2026(reported_again) if reported_again else placed
        snapshot = build_order(order_id, at=sent.isoformat(), placed=placed.isoformat(), **facts)
        [result] = send_orders(snapshot, now=max(sent, placed) + timedelta(hours=1))
        assert result.outcome in {"created", "updated"}, result
        return result


# --- Click ids ------------------------------------------------------------------------------------------------------

ClickId = Callable[[ScriptedProgram], str | None]


def sign_click(code: str, when: str) -> ClickId:
    """A genuine click id for the link of `code`."""
    return lambda program: click_ids.sign_click_id(program.links[code].pk, parse_2026(when))


def follow_link(code: str, when: str) -> ClickId:
    """The click id from the redirect itself."""
    return lambda program: program.follow(code, when)


def alter_click_id(code: str, when: str, position: int) -> ClickId:
    """A click id with one changed character."""

    def text(program: ScriptedProgram) -> str:
        genuine = click_ids.sign_click_id(program.links[code].pk, parse_2026(when))
        return genuine[:position] + ("A" if genuine[position] != "A" else "B") + genuine[position + 1 :]

    return text


def sign_with_key(key: str, code: str, when: str) -> ClickId:
    """A click id signed with another key: of another installation, or withdrawn."""

    def text(program: ScriptedProgram) -> str:
        with patch.object(settings, "CLICK_ID_KEYS", [key]):
            return click_ids.sign_click_id(program.links[code].pk, parse_2026(when))

    return text


def sign_unknown_link(when: str) -> ClickId:
    return lambda _program: click_ids.sign_click_id(uuid4(), parse_2026(when))


class Case(NamedTuple):
    """Events before the order, its coupon and click, and the expected affiliate, reason and clause."""

    title: str
    owner: str | None
    reason: str
    clause: str  # of version 1 unless it names another
    coupon: str | None = None
    click: ClickId | None = None
    placed: datetime = parse_2026("03-10T12:00")
    before: tuple[Callable[[ScriptedProgram], object], ...] = ()
