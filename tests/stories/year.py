"""Helpers to run a program for a year: affiliates on the portal's pages, a shop that sends orders, and daily tasks.

Every order has one line of home-decor, of 100.00 by default.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import time_machine
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate, State
from agreements import notices, publishing, version_drafts
from agreements.models import AgreementVersion, Program
from compliance.offboarding import notice_expiry
from mail.models import Message
from payouts.closing import close
from payouts.commissions.term_impact import build_impact_reader
from payouts.models import Commission
from payouts.payout_details import details
from tests.factories import make_affiliate, make_user
from tests.scenarios import build_order, parse_utc, send_orders
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Link, Order

DAY = timedelta(days=1)
SHOP = "shop.example"
RATES = {"1": "5.00", "2": "6.00", "3": "4.00", "4": "4.50"}
"""The rate of home-decor by version, in percent, which is also the commission of 100.00."""


class Credited(NamedTuple):
    """An order credited to an affiliate: the version that prices it, its commission and its base."""

    version: str
    commission: str
    base: str = "100.00"
    click_version: str = ""  # the version at the click, if another


class NotCredited(NamedTuple):
    """An order credited to no affiliate: the reason, and the clause and version it comes from."""

    reason: str
    clause: str


class SoldOrder(NamedTuple):
    """An order as the shop sends it, with arguments of `tests.scenarios.build_order`, and its expected attribution."""

    amount: str
    arguments: dict[str, Any]
    owner: str
    expected: Credited | NotCredited


class ProgramYear:
    """The program, with `now` as its current time."""

    def __init__(self) -> None:
        Program.current()
        Program.objects.update(shop_url=f"https://{SHOP}/", shop_hosts=[SHOP])
        self.now = parse_utc("2026-01-01")
        self.people: dict[str, Affiliate] = {}
        self.links: dict[str, Link] = {}
        self.orders: dict[str, SoldOrder] = {}
        self._completed: dict[str, datetime] = {}
        self._read: set[UUID] = set()

    def advance_to(self, text: str) -> None:
        """Advance to the time `text`; at six each morning, the shop completes orders and the daily tasks run."""
        end = parse_utc(text)
        while (morning := self._next_morning()) < end:
            self.now = morning
            for order_id in [order_id for order_id, at in self._completed.items() if at <= morning]:
                self.send(order_id, completed=self._completed.pop(order_id))
            notices.send_reminders(now=morning)
            notice_expiry.apply_due_declines(now=morning)
            notice_expiry.apply_expired_notices(now=morning)
            close.close_due_months(now=morning)
        self.now = max(self.now, end)

    def _next_morning(self) -> datetime:
        six = self.now.replace(hour=6, minute=0, second=0)
        return six if self.now < six else six + DAY

    # --- People -------------------------------------------------------------------------------------------------

    def join(self, code: str, agreement: AgreementVersion) -> None:
        """Create an approved affiliate who accepts on the page, creates a link and has payout details."""
        user = make_user(email=f"{code.lower()}@example.com", name=code.title())
        affiliate = make_affiliate(state=State.APPROVED, at=self.now - DAY, user=user)
        Affiliate.objects.filter(pk=affiliate.pk).update(code=code)
        self.people[code] = affiliate
        coupons.assign_coupon(affiliate=affiliate, code=code, assigned_from=None, now=self.now, by=None)
        self.accept(code, agreement)
        affiliate.refresh_from_db()
        self.links[code] = tracking_links.create_link(
            affiliate=affiliate, target=f"https://{SHOP}/", now=self.now, by=None
        )
        entry = details.DetailsEntry(affiliate, "paypal", user.email, affiliate.name, self.now)
        details.import_details(entries=[entry], now=self.now, by=None)

    def sign_in(self, code: str) -> Client:
        client = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}, REMOTE_ADDR="198.51.100.4")
        client.force_login(self.people[code].user)
        return client

    def read_page(self, code: str, name: str, *args: object) -> str:
        """Return the page as the affiliate sees it now, with whitespace collapsed."""
        with time_machine.travel(self.now, tick=False):
            response = self.sign_in(code).get(reverse(name, args=args))
        assert response.status_code == 200, response
        return " ".join(response.content.decode().split())

    def accept(self, code: str, agreement: AgreementVersion) -> None:
        """Open the page, check the box, which must be unchecked, and accept."""
        page = self.read_page(code, "portal:agreement_accept", agreement.pk)
        [box] = re.findall(r'<input[^>]*name="box"[^>]*>', page)
        assert "checked" not in box
        [sha256] = re.findall(r'name="text_sha256" value="(\w{64})"', page)
        self._post(code, "accept", agreement, {"box": "on", "text_sha256": sha256})

    def decline(self, code: str, agreement: AgreementVersion) -> str:
        """Open the page that explains the consequences, confirm, and return the page."""
        page = self.read_page(code, "portal:agreement_decline", agreement.pk)
        self._post(code, "decline", agreement, {})
        return page

    def _post(self, code: str, name: str, agreement: AgreementVersion, data: Mapping[str, str]) -> None:
        with time_machine.travel(self.now, tick=False):
            response = self.sign_in(code).post(reverse(f"portal:agreement_{name}", args=[agreement.pk]), data)
        assert response.status_code == 302, response.content

    def list_new_mail(self) -> dict[str, list[str]]:
        """Return the kinds of mail about the agreement by recipient, since the last call."""
        kinds: dict[str, list[str]] = defaultdict(list)
        for message in Message.objects.exclude(pk__in=self._read).order_by("kind"):
            self._read.add(message.pk)
            if message.kind.startswith("agreement_") or message.kind == "terminated":
                kinds[message.to.split("@")[0].upper()].append(message.kind.removeprefix("agreement_"))
        return dict(kinds)

    # --- The shop -----------------------------------------------------------------------------------------------

    def click(self, code: str) -> str | None:
        """Follow the affiliate's link and return the click ID in the redirect, None without one."""
        with time_machine.travel(self.now, tick=False):
            response = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}).get(f"/r/{self.links[code].code}")
        target = urlsplit(response.headers["Location"])
        assert (response.status_code, target.hostname) == (302, SHOP)
        return parse_qs(target.query).get("click_id", [None])[0]

    def sign_late_click(self, code: str, at: str) -> str:
        """Return a genuine click ID of a time at which the link was no longer tracked.

        A web process that caches links for some seconds may still issue one.
        """
        return click_ids.sign_click_id(self.links[code].pk, parse_utc(at))

    def sell(
        self,
        order_id: str,
        code: str,
        expected: Credited | NotCredited,
        *,
        placed: str,
        click: str | None = None,
        amount: str = "100.00",
    ) -> None:
        """Send a paid order with the click or, without one, the coupon; it is completed a day later."""
        self.advance_to(placed)
        arguments = {"placed": f"{placed}Z", "click": click, "coupon": None if click else code}
        self.orders[order_id] = SoldOrder(amount, arguments, code, expected)
        self.send(order_id)
        self._completed[order_id] = parse_utc(placed) + DAY

    def send(self, order_id: str, *, refunded: str = "0.00", completed: datetime | None = None) -> None:
        """Send a snapshot of the order as of now."""
        sold = self.orders[order_id]
        snapshot = build_order(
            order_id,
            ("home-decor", sold.amount, refunded),
            at=self.now.isoformat(),
            completed=completed.isoformat() if completed else None,
            **sold.arguments,
        )
        [result] = send_orders(snapshot, now=self.now)
        assert result.outcome in {"created", "updated"}, result

    def send_all_again(self) -> None:
        """Send a new snapshot of every order, with the same content, in reverse order of their ids."""
        for order_id in sorted(self.orders, reverse=True):
            stored = Order.objects.get(order_id=order_id)
            self.send(order_id, refunded=str(stored.lines.get().refunded), completed=stored.completed_at)

    def describe_result(self, order_id: str) -> list[str]:
        """Return the stored attribution with its reason, and the commission's version, clause and steps."""
        stored = Order.objects.get(order_id=order_id)
        owner = stored.affiliate.code if stored.affiliate else "no affiliate"
        result = [f"{owner}: {stored.reason}, {stored.clause} of {stored.agreement}"]
        for commission in Commission.objects.filter(order=stored):
            result.append(f"{commission.amount} by {commission.clause} of {commission.agreement}")
            result += [f"{step['clause']} {step['text']}" for step in commission.steps]
        return result

    def describe_expected(self, order_id: str) -> list[str]:
        """Return the expected value of `describe_result`."""
        sold = self.orders[order_id]
        if isinstance(sold.expected, NotCredited):
            return [f"no affiliate: {sold.expected.reason}, {sold.expected.clause}"]
        version, amount, base, click_version = sold.expected
        reason, clause = ("click", "3.2") if sold.arguments["click"] else ("coupon", "3.5")
        rest = [f"4.3 {sold.amount} paid less 20.00 refunded is {base}."] if base != sold.amount else []
        return [
            f"{sold.owner}: {reason}, {clause} of version {click_version or version}",
            f"{amount} by 4.1 of version {version}",
            f"4.1 Rate card of version {version}: Home decor, {RATES[version]} %.",
            *rest,
            f"4.4 {base} x {RATES[version]} % = {amount}, rounded once to the cent.",
        ]

    # --- The program --------------------------------------------------------------------------------------------

    def draft(self, percent: str) -> AgreementVersion:
        """Start a draft that changes only the rate of home-decor."""
        draft = version_drafts.start_draft(now=self.now, by=None)
        draft.rates.filter(category="home-decor").update(percent=percent)
        return draft

    def publish(self, draft: AgreementVersion, effective: str) -> AgreementVersion:
        return publishing.publish_version(
            agreement=draft,
            effective_at=parse_utc(effective),
            now=self.now,
            by=None,
            read_impact=build_impact_reader(self.now),
        )
