"""A program with long lists: many affiliates, orders, e-mails and so on, and one affiliate with a tenth of the orders."""

import sys
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from io import StringIO

from benchmarks.population import AFFILIATE_ID

MONTHS = (date(2025, 1, 1), date(2025, 2, 1))
# The affiliate with a tenth of the orders and links, and a hundredth of the e-mails.
LARGEST = "N1"
LARGEST_ID = "md5('affiliate1')::uuid"


def fill_database(affiliates: int, orders: int) -> None:
    """Create the program, copy its rows, close two months and bring daily totals up to date."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks import population
    from payouts.closing.close import close_month

    population.create_program()
    _create_originals()
    population.copy_affiliates(affiliates)
    for table, (copies, changes) in _build_copies(affiliates, orders).items():
        newest = f"id = (SELECT id FROM {table} ORDER BY id DESC LIMIT 1)"
        population.copy_rows(table, copies, changes, where=newest)
    until = datetime.now(UTC) - timedelta(days=1)
    number = f"(CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % {affiliates} END)"
    since = datetime(2025, 1, 15, tzinfo=UTC)
    population.copy_orders(orders, affiliates=affiliates, since=since, until=until, affiliate_number=number)
    for month in MONTHS:
        close_month(month=month, now=until, by=None)
        print(f"closed {month:%Y-%m}", file=sys.stderr, flush=True)
    with redirect_stdout(StringIO()):
        call_command("rebuild_rollups")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # autovacuum would have run long before


def _create_originals() -> None:
    """Create a row of each further kind to copy."""
    from django.test import Client
    from django.utils import timezone

    from affiliates import channels
    from affiliates.models import Affiliate
    from agreements.models import AgreementVersion, Program
    from benchmarks.population import CODE
    from compliance.models import Signal, TargetCheck
    from messaging import conversations
    from shops.models import Reject
    from tracking.links import tracking_links

    Program.current()
    Program.objects.update(shop_url="https://shop.example.com/", shop_hosts=["shop.example.com"])
    affiliate, now = Affiliate.objects.get(code=CODE), timezone.now()
    link = tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example.com/", name="", sub_ids=(), now=now, by=None
    )
    channels.add(affiliate=affiliate, kind="blog", address="https://second.example.com/", now=now, by=None)
    conversations.write_to_program(affiliate=affiliate, subject="A question", text="When?", now=now, by=affiliate.user)
    Signal.objects.create(affiliate=affiliate, kind=Signal.Kind.CONVERSION, raised_at=now)
    TargetCheck.objects.create(
        affiliate=affiliate, day=MONTHS[0], checked_at=now, result=TargetCheck.Result.MET, orders=9, target=5,
        window_from=now, agreement=AgreementVersion.objects.get(), clause="7.1",
    )  # fmt: skip
    Reject.objects.create(
        received_at=now, source="orders API", order_id="R", field="currency", cause="EUR", content="{}"
    )
    Client().get(f"/r/{link.code}", headers={"host": "127.0.0.1"})


def _build_copies(affiliates: int, orders: int) -> dict[str, tuple[int, dict[str, str]]]:
    """Return the number of copies and the columns that differ, as SQL expressions of n, for each further table."""
    spread = f"md5('affiliate' || (1 + n % {affiliates}))::uuid"
    at = f"now() - n * interval '400 days' / {orders // 4 + 1}"
    day = f"now() - n * interval '300 days' / {affiliates}"
    waiting = f"CASE WHEN n < {affiliates // 50} THEN 'unread' ELSE 'answered' END"
    return {
        "affiliates_channel": (
            affiliates,
            {"id": "md5('channel' || n)::uuid", "affiliate_id": spread, "address": "'https://a' || n || '.example/'"},
        ),
        "tracking_link": (
            affiliates,
            {
                "id": "md5('link' || n)::uuid",
                "affiliate_id": f"CASE WHEN n % 10 = 0 THEN {LARGEST_ID} ELSE {spread} END",
                "code": "'L' || n || 'link'",
            },
        ),
        "messaging_conversation": (
            affiliates,
            {"id": "md5('talk' || n)::uuid", "affiliate_id": AFFILIATE_ID, "state": waiting, "last_message_at": day},
        ),
        "compliance_signal": (
            affiliates,
            {"id": "md5('signal' || n)::uuid", "affiliate_id": AFFILIATE_ID, "raised_at": day},
        ),
        "compliance_targetcheck": (
            20 * affiliates,
            {
                "id": "1000 + n",
                "affiliate_id": f"md5('affiliate' || (1 + n % {affiliates}))::uuid",
                "day": f"date '2025-06-01' + (n / {affiliates})::int",
            },
        ),
        "shops_reject": (
            affiliates,
            {"id": "md5('reject' || n)::uuid", "order_id": "'R' || n", "received_at": day},
        ),
        "mail_message": (
            orders // 4,
            {
                "id": "md5('mail' || n)::uuid",
                "key": "'bench' || n",
                "to": "'bench' || n || '@example.com'",
                "created_at": at,
                "user_id": "CASE WHEN n % 100 = 0 THEN md5('user1')::uuid END",
            },
        ),
        "audit_auditrecord": (orders // 4, {"id": "md5('audit' || n)::uuid", "subject_id": "'N' || n", "at": at}),
        "tracking_click": (
            orders // 4,
            {"id": "md5('click' || n)::uuid", "link_id": f"md5('link' || (1 + n % {affiliates}))::uuid"},
        ),
    }
