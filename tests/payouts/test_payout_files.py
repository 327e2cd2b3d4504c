"""Batches with more payouts than a bank or provider takes in one file."""

from decimal import Decimal

import pytest
from django.urls import reverse

from lib.formatting import format_money
from payouts.disbursement import exports
from payouts.payout_details.methods import METHODS
from tests.payouts.conftest import FEBRUARY
from tests.payouts.test_batches import LATER, approve_batch

pytestmark = pytest.mark.django_db


def test_large_batch_is_split_over_files_with_each_payout_once(
    make_draft_batch, preparer, approver, monkeypatch, client
):
    monkeypatch.setattr(METHODS["paypal"], "max_transfers", 2)
    batch = approve_batch(make_draft_batch(amounts=("16.00", "17.25", "18.50", "19.75", "21.00")), preparer, approver)
    files = exports.export(batch=batch, now=FEBRUARY, by=preparer)
    assert [(file.part, file.payouts) for file in files] == [(1, 2), (2, 2), (3, 1)]
    # 16.00 + 17.25 + 18.50 + 19.75 + 21.00
    assert sum(file.total for file in files) == Decimal("92.50")
    end = batch.pk.hex[-8:]
    assert [file.name for file in files] == [f"payouts-20260203-paypal-{end}-{part}-of-3.csv" for part in (1, 2, 3)]
    rows = [exports.get_file_content(file).decode().splitlines() for file in files]
    assert [len(some) for some in rows] == [2, 2, 1]
    for file, some in zip(files, rows, strict=True):
        assert file.total == sum(Decimal(row.split(",")[1]) for row in some)
    assert sorted(row.split(",")[3] for some in rows for row in some) == sorted(
        batch.payouts.values_list("reference", flat=True)
    )
    assert [file.pk for file in exports.export(batch=batch, now=LATER, by=preparer)] == [file.pk for file in files]
    client.force_login(preparer)
    page = client.get(reverse("admin:payouts_payoutbatch_change", args=[batch.pk])).content.decode()
    for file, some in zip(files, rows, strict=True):
        assert file.name in page
        assert format_money(file.total, "USD") in page
        answer = client.get(reverse("admin:payouts_payoutbatch_file", args=[batch.pk, file.pk]))
        assert answer.content.decode().splitlines() == some
