"""A dump of the database after the erasure of an affiliate with everything has nothing of them outside the retention
list (specification 9)."""

from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.db import connection, models

from affiliates.models import Affiliate
from agreements import chain
from audit.models import AuditRecord
from mail.models import Message
from payouts.models import Account, LedgerEntry, LedgerTransaction, Statement, StatementLine
from payouts.payout_details.encryption import compute_fingerprint, encrypt
from portal import erasure
from portal.personal_data import fields, owned_rows
from portal.personal_data.fields import FIELDS, Handling
from tests.portal import erasure_scenario as scenario
from tests.portal.database_dump import dump_database, find_places, list_columns
from tests.portal.erasure_scenario import NOW
from tests.scenarios import list_rollup_differences
from tracking.models import Coupon, Order, OrderSnapshot

CANARIES = {
    "name": scenario.NAME,
    "e-mail address": scenario.EMAIL,
    "former e-mail address": scenario.FORMER,
    "PayPal account": scenario.PAYPAL,
    "bank account": scenario.ACCOUNT,
    "account holder": scenario.HOLDER,
    "masked account": scenario.MASKED,
    "fingerprint of the account": compute_fingerprint(scenario.PAYPAL),
    "coupon code": scenario.COUPON,
    "link name": scenario.LINK_NAME,
    "own name of a link": scenario.OWN_NAME,
    "earlier name of a link": scenario.EARLIER_NAME,
    "sub-ID": scenario.SUB_ID,
    "channel": scenario.HOST,
    "removed channel": scenario.FORMER_HOST,
    "IP address": scenario.IP_ADDRESS,
    "browser": scenario.BROWSER,
    "abuse report": scenario.REPORT,
    "reported page": scenario.REPORTED_PAGE,
    "reporter": scenario.REPORTER,
    "note of staff": scenario.NOTE,
    "tag of staff": scenario.TAG,
    "reply": scenario.REPLY,
    "file": scenario.FILE,
}


@pytest.fixture
def affiliate(erasure_program: UUID, db: None) -> Affiliate:
    return Affiliate.objects.select_related("user").get(pk=erasure_program)


def erase(affiliate: Affiliate) -> None:
    erasure.erase_affiliate(affiliate=affiliate, now=NOW, by=None)


def sum_everything() -> list[Any]:
    """Return every posted amount and every figure of every statement."""
    entries = LedgerEntry.objects.order_by("pk").values_list("pk", "transaction_id", "account", "affiliate", "amount")
    return [
        list(entries),
        list(LedgerTransaction.objects.order_by("pk").values()),
        list(Statement.objects.order_by("pk").values()),
        list(StatementLine.objects.order_by("pk").values()),
        {
            account: LedgerEntry.objects.filter(account=account).aggregate(sum=models.Sum("amount"))
            for account in Account
        },
    ]


def test_dump_after_erasure_has_canaries_in_the_retention_list_alone(affiliate):
    before = find_places(CANARIES.values())
    assert [name for name, canary in CANARIES.items() if not before[canary]] == []
    erase(affiliate)
    retained = fields.list_retained()
    print("Retained:", *retained, sep="\n  ")  # noqa: T201
    allowed = list_columns(retained)
    left = {name: sorted(places - allowed) for name, places in _find(CANARIES).items() if places - allowed}
    assert left == {}


def _find(canaries: dict[str, str]) -> dict[str, set[str]]:
    places = find_places(canaries.values())
    return {name: places[canary] for name, canary in canaries.items()}


def test_every_erased_field_of_every_row_is_erased(affiliate):
    """Fill every field that erasure handles, in every row about the affiliate, with a text of its own."""
    planted = dict(_plant_everywhere(affiliate))
    assert set(planted) >= _list_handled_fields() - {*NOT_IN_OWN_ROWS, TOO_SHORT}
    assert set(affiliate.payout_details.values_list("country", flat=True)) == {"GB", ""}
    erase(affiliate)
    assert set(affiliate.payout_details.values_list("country", flat=True)) == {""}
    places = find_places(planted.values())
    assert {path: places[text] for path, text in planted.items() if places[text]} == {}


# Handled in rows that no query of the affiliate's rows returns; the first test finds what is in them.
NOT_IN_OWN_ROWS = (
    "account.EmailConfirmation.key",
    "admin.LogEntry.object_repr",
    "admin.LogEntry.change_message",
    "sessions.Session.session_key",
    "sessions.Session.session_data",
    "tracking.Rollup.value",
)
# Two letters, which would be found in every dump.
TOO_SHORT = "payouts.PayoutDetails.country"
OWN = Handling.ERASED | Handling.BLANKED | Handling.DELETED


def _list_handled_fields() -> set[str]:
    return {f"{label}.{name}" for label, names in FIELDS.items() for name, value in names.items() if value & OWN}


def _plant_everywhere(affiliate: Affiliate) -> Iterator[tuple[str, str]]:
    """Write a text into each handled field of the affiliate's rows, past the triggers; yield the field and the text."""
    numbers = count(10_001)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for rows in list(owned_rows.collect_rows(affiliate).values()):
            label = rows.model._meta.label
            # An e-mail is found by its account, whatever its other fields say.
            findable = rows.filter(user=affiliate.user) if rows.model is Message else rows
            keys = list(findable.values_list("pk", flat=True))
            for name, value in FIELDS.get(label, {}).items():
                if keys and value & OWN and f"{label}.{name}" != TOO_SHORT:
                    path, text = f"{label}.{name}", f"planted{next(numbers)}"
                    planted = _build_planted_value(rows.model._meta.get_field(name), text)
                    rows.model._base_manager.filter(pk=keys[0]).update(**{name: planted})
                    yield path, text
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def _build_planted_value(field: Any, text: str) -> Any:
    if field.name == "encrypted":
        return encrypt(text)
    if isinstance(field, models.JSONField):
        return {text: [text], "note": text}
    return text.encode() if isinstance(field, models.BinaryField) else text


def test_sums_chain_replay_and_totals_are_unchanged_by_erasure(affiliate):
    before, digests = sum_everything(), chain.verify_chain()
    # January: a bonus of 60.00, whose payout came back. February: 5.00 % of 2000.00, a bonus of 60.00, and 60.00 back.
    figures = ("settled", "adjustments", "returned", "payout", "closing")
    assert list(Statement.objects.order_by("number").values_list(*figures)) == [
        (Decimal("0.00"), Decimal("60.00"), Decimal("0.00"), Decimal("60.00"), Decimal("0.00")),
        (Decimal("100.00"), Decimal("60.00"), Decimal("60.00"), Decimal("220.00"), Decimal("0.00")),
    ]
    erase(affiliate)
    assert sum_everything() == before
    assert chain.verify_chain() == digests
    assert digests[1] == ""
    out = StringIO()
    for command in (["replay", "--all"], ["verify_ledger"], ["verify_acceptances"]):
        call_command(*command, stdout=out, stderr=StringIO())
    assert "differences=0" in out.getvalue()
    assert list_rollup_differences() == []


def test_coupon_becomes_one_pseudonym_that_wins_no_order(affiliate):
    erase(affiliate)
    coupon = Coupon.objects.get(affiliate=affiliate)
    assert coupon.assigned_until is not None
    assert coupon.code.startswith("erased-")
    assert set(Order.objects.exclude(coupon_code="").values_list("coupon_code", flat=True)) == {coupon.code}
    snapshots = OrderSnapshot.objects.filter(order_id="SOLD").values_list("content__coupons", flat=True)
    assert list(snapshots) == [[coupon.code]] * 2


def test_audit_records_keep_who_when_and_what(affiliate):
    record = AuditRecord.objects.get(action="affiliate changed", subject_id=str(affiliate.pk))
    erase(affiliate)
    after = AuditRecord.objects.get(pk=record.pk)
    assert (after.at, after.by_id, after.action) == (record.at, record.by_id, record.action)
    assert after.after == {"name": "[erased]", "note": "[erased]", "state": "active"}
    assert after.reason == "[erased]"


def test_every_text_field_of_the_database_is_classified():
    """A new field says what becomes of it when an affiliate is erased."""
    text_fields = (
        models.CharField,
        models.TextField,
        models.JSONField,
        models.BinaryField,
        models.FileField,
        ArrayField,
    )
    actual = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, (*text_fields, models.GenericIPAddressField))
    }
    classified = {f"{label}.{name}" for label, names in FIELDS.items() for name in names}
    assert actual - classified == set(), "not classified in portal/personal_data/fields.py"
    assert classified - actual == set(), "classified, but not a text field"


def test_dump_reads_every_table(affiliate):
    """The search would pass if it read nothing."""
    tables = {cell.place.split(".")[0] for cell in dump_database()}
    assert {
        rows.model._meta.db_table for rows in owned_rows.collect_rows(affiliate).values() if rows.exists()
    } <= tables
