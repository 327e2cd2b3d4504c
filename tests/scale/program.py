"""The program that is under load: affiliates with links and coupons, sessions, and the orders that are sent."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.scenarios import build_order, create_program, import_affiliates, send_orders

AFFILIATES = 40
# Orders in the database before the load.
EARLIER_ORDERS = 2_000
CATEGORIES = ("home-decor", "jewelry-accessories", "nothing-named")


class Program(NamedTuple):
    """What the load needs: paths of links, the shop's key, and cookies of affiliates and of staff."""

    links: list[str]
    key: str
    affiliate_cookies: list[str]
    staff_cookie: str


def fill_database(folder: Path) -> Program:
    """Create the program and return how to use it."""
    from accounts import api_keys
    from agreements.models import Program as ProgramRow
    from tests.factories import make_staff
    from tracking.links import tracking_links

    now = datetime.now(UTC)
    create_program(f"{now - timedelta(days=120):%Y-%m-%d}")
    ProgramRow.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example"]})
    codes = [f"SCALE{number}" for number in range(AFFILIATES)]
    affiliates = import_affiliates(codes, folder, accepted=f"{now - timedelta(days=119):%Y-%m-%d}").values()
    links = [
        tracking_links.create_link(affiliate=one, target="https://shop.example/p?a=1", now=now, by=None)
        for one in affiliates
    ]
    for start in range(0, EARLIER_ORDERS, 500):
        send_orders(*(build_snapshot(f"E{number}", number, now, None) for number in range(start, start + 500)))
    return Program(
        links=[f"/r/{link.code}?sub1=news" for link in links],
        key=api_keys.create(name="the shop", now=now, by=None)[1],
        affiliate_cookies=[sign_in(one.user) for one in list(affiliates)[:10]],
        staff_cookie=sign_in(make_staff(superuser=True)),
    )


def sign_in(user: Any) -> str:
    """Return the cookie of a new session of the user."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def build_snapshot(
    order_id: str, number: int, at: datetime, click: str | None, *, final: bool = True
) -> dict[str, Any]:
    """Return an order of two lines, the same for the same arguments: as placed, or `final` with perhaps a refund."""
    chooser = random.Random(number)
    lines = []
    for _line in range(2):
        cents = chooser.randrange(100, 90_000)
        refunded = chooser.randrange(cents) if final and chooser.random() < 0.2 else 0
        lines.append((chooser.choice(CATEGORIES), f"{cents / 100:.2f}", f"{refunded / 100:.2f}"))
    return build_order(
        order_id,
        *lines,
        at=(at + timedelta(seconds=1 if final else 0)).isoformat(),
        placed=at.isoformat(),
        completed=at.isoformat() if final else None,
        coupon=None if click else f"SCALE{number % AFFILIATES}",
        click=click,
    )
