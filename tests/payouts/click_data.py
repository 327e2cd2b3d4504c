"""Clicks and orders for daily totals and reports, small enough to add up by hand."""

from datetime import datetime
from typing import Any

from affiliates.models import Affiliate
from tests.scenarios import build_order, send_orders
from tracking.clicks import click_ids
from tracking.models import Click, Link


def make_link(affiliate: Affiliate, name: str = "Spring") -> Link:
    return Link.objects.create(
        affiliate=affiliate,
        code=f"{affiliate.code}-{name[:4]}",
        name=name,
        target="https://shop.example/",
        permitted_hosts=[],
        created_at=datetime.fromisoformat("2026-01-02T00:00:00Z"),
    )


def make_click(link: Link, at: datetime, **fields: Any) -> str:
    """Record a click and return its click id."""
    nonce = click_ids.generate_nonce(at)
    Click.objects.create(id=nonce, link=link, at=at, **fields)
    return click_ids.sign_click_id(link.pk, at, nonce)


def send_order(order_id: str, *lines: Any, at: str, **fields: Any) -> None:
    """Send an order that is attributed to an affiliate."""
    [result] = send_orders(build_order(order_id, *lines, **({"placed": at, "at": at} | fields)))
    assert result.outcome in ("created", "updated"), result
    assert result.affiliate, result
