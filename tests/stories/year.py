"""A year to live through: affiliates who read, click, accept and decline on the portal's own pages, a shop that sends its
orders, and beat's questions day by day. Every order is one line of home-decor, of 100.00 unless told."""

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
from compliance.offboarding import termination
from mail.models import Message
from payouts.closing import close
from payouts.commissions.term_impact import measure_impact
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
"""The rate of home-decor by version, in percent: of 100.00 it is the commission, too."""


class Credited(NamedTuple):
    """An order that is somebody's: the version that prices it, its commission, and of how much."""

    version: str
    commission: str
    base: str = "100.00"


class NotCredited(NamedTuple):
    """An order that is nobody's: why, and by which clause of which version."""

    reason: str
    clause: str


class SoldOrder(NamedTuple):
    """An order as the shop sends it, by keyword of `tests.scenarios.build_order`, and what must become of it."""

    amount: str
    facts: dict[str, Any]
    owner: str
    expected: Credited | NotCredited


class ProgramYear:
    """What happens, and when: `now` is the moment that has come."""

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
        """Live on until `text`: each morning at six the shop says what is completed, and beat asks what is due."""
        end = parse_utc(text)
        while (morning := self._next_morning()) < end:
            self.now = morning
            for order_id in [order_id for order_id, at in self._completed.items() if at <= morning]:
                self.send(order_id, completed=self._completed.pop(order_id))
            notices.send_reminders(now=morning)
            termination.apply_expired_notices(now=morning)
            close.close_due_months(now=morning)
        self.now = max(self.now, end)

    def _next_morning(self) -> datetime:
        six = self.now.replace(hour=6, minute=0, second=0)
        return six if self.now < six else six + DAY

    # --- People -------------------------------------------------------------------------------------------------

    def join(self, code: str, agreement: AgreementVersion) -> None:
        """Somebody applies, is approved, accepts on the page, makes a link and says where the money goes."""
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
        payee = details.DetailsEntry(affiliate, "paypal", user.email, affiliate.name, self.now)
        details.import_details(entries=[payee], now=self.now, by=None)

    def browser(self, code: str) -> Client:
        client = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}, REMOTE_ADDR="198.51.100.4")
        client.force_login(self.people[code].user)
        return client

    def read_page(self, code: str, name: str, *args: object) -> str:
        """What somebody reads on a page now."""
        with time_machine.travel(self.now, tick=False):
            answer = self.browser(code).get(reverse(name, args=args))
        assert answer.status_code == 200, answer
        return " ".join(answer.content.decode().split())

    def accept(self, code: str, agreement: AgreementVersion) -> None:
        """Read the page, tick the box by hand, press the button."""
        page = self.read_page(code, "portal:agreement_accept", agreement.pk)
        [box] = re.findall(r'<input[^>]*name="box"[^>]*>', page)
        assert "checked" not in box
        [sha256] = re.findall(r'name="text_sha256" value="(\w{64})"', page)
        self._post(code, "accept", agreement, {"box": "on", "text_sha256": sha256})

    def decline(self, code: str, agreement: AgreementVersion) -> str:
        """Press decline, read what happens then, press it once more; returns what was read."""
        read = self.read_page(code, "portal:agreement_decline", agreement.pk)
        self._post(code, "decline", agreement, {})
        return read

    def _post(self, code: str, name: str, agreement: AgreementVersion, data: Mapping[str, str]) -> None:
        with time_machine.travel(self.now, tick=False):
            answer = self.browser(code).post(reverse(f"portal:agreement_{name}", args=[agreement.pk]), data)
        assert answer.status_code == 302, answer.content

    def list_new_mail(self) -> dict[str, list[str]]:
        """Who was told what of the agreement since this was last asked."""
        found: dict[str, list[str]] = defaultdict(list)
        for message in Message.objects.exclude(pk__in=self._read).order_by("kind"):
            self._read.add(message.pk)
            if message.kind.startswith("agreement_") or message.kind == "terminated":
                found[message.to.split("@")[0].upper()].append(message.kind.removeprefix("agreement_"))
        return dict(found)

    # --- The shop -----------------------------------------------------------------------------------------------

    def click(self, code: str) -> str | None:
        """Somebody follows the link; the click id that the shop gets with them, None for none."""
        with time_machine.travel(self.now, tick=False):
            answer = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"}).get(f"/r/{self.links[code].code}")
        target = urlsplit(answer.headers["Location"])
        assert (answer.status_code, target.hostname) == (302, SHOP)
        return parse_qs(target.query).get("click_id", [None])[0]

    def sign_late_click(self, code: str, at: str) -> str:
        """A genuine click id of a moment at which the link was no longer tracked: a web process that remembers links for
        some seconds may still have given it out."""
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
        """An order by click or, without one, by coupon: sent once it is paid, and again when it is completed a day later."""
        self.advance_to(placed)
        facts = {"placed": f"{placed}Z", "click": click, "coupon": None if click else code}
        self.orders[order_id] = SoldOrder(amount, facts, code, expected)
        self.send(order_id)
        self._completed[order_id] = parse_utc(placed) + DAY

    def send(self, order_id: str, *, refunded: str = "0.00", completed: datetime | None = None) -> None:
        """The shop sends the order as it stands now, by the way that the API takes."""
        sold = self.orders[order_id]
        at, done = self.now.isoformat(), completed.isoformat() if completed else None
        snapshot = build_order(order_id, ("home-decor", sold.amount, refunded), at=at, completed=done, **sold.facts)
        [result] = send_orders(snapshot, now=self.now)
        assert result.outcome in {"created", "updated"}, result

    def send_all_again(self) -> None:
        """The shop sends every order once more, under a new version of itself, the latest first."""
        for order_id in sorted(self.orders, reverse=True):
            stored = Order.objects.get(order_id=order_id)
            self.send(order_id, refunded=str(stored.lines.get().refunded), completed=stored.completed_at)

    def describe_result(self, order_id: str) -> list[str]:
        """Whose the order is and why, and what its commission names: version, clause and each step with its clause."""
        stored = Order.objects.get(order_id=order_id)
        owner = stored.affiliate.code if stored.affiliate else "nobody"
        said = [f"{owner}: {stored.reason}, {stored.clause} of {stored.agreement}"]
        for commission in Commission.objects.filter(order=stored):
            said.append(f"{commission.amount} by {commission.clause} of {commission.agreement}")
            said += [f"{step['clause']} {step['text']}" for step in commission.steps]
        return said

    def describe_expected(self, order_id: str) -> list[str]:
        """The same as it must be."""
        sold = self.orders[order_id]
        if isinstance(sold.expected, NotCredited):
            return [f"nobody: {sold.expected.reason}, {sold.expected.clause}"]
        version, amount, base = sold.expected
        why, clause = ("click", "3.2") if sold.facts["click"] else ("coupon", "3.5")
        rest = [f"4.3 {sold.amount} paid, less 20.00 given back, is {base}."] if base != sold.amount else []
        return [
            f"{sold.owner}: {why}, {clause} of version {version}",
            f"{amount} by 4.1 of version {version}",
            f"4.1 Rate card of version {version}: home-decor, {RATES[version]} %.",
            *rest,
            f"4.4 {base} x {RATES[version]} % = {amount}, rounded once to the cent.",
        ]

    # --- The program --------------------------------------------------------------------------------------------

    def draft(self, percent: str) -> AgreementVersion:
        """A new version, in which only the rate of home-decor is another."""
        draft = version_drafts.start_draft(now=self.now, by=None)
        draft.rates.filter(category="home-decor").update(percent=percent)
        return draft

    def publish(self, draft: AgreementVersion, effective: str) -> AgreementVersion:
        return publishing.publish_version(
            agreement=draft,
            effective_at=parse_utc(effective),
            now=self.now,
            by=None,
            read_impact=lambda version, ids: measure_impact(agreement=version, affiliate_ids=ids, now=self.now),
        )
