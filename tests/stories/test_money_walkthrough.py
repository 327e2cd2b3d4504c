"""The life of a dollar, as docs/money.md tells it, is the one that it has."""

import os

import pytest
from django.conf import settings

from payouts.closing import verification
from payouts.closing.replay import replay
from payouts.models import Close
from tests.stories.money_walkthrough import build_page

pytestmark = pytest.mark.django_db
PAGE = settings.BASE_DIR / "docs" / "money.md"


def test_from_the_order_to_the_end_of_it(tmp_path):
    page = build_page(tmp_path)
    # The figures that the story is about, worked out by hand: 320.00 x 5 % = 16.00, taken back, written off.
    for row in (
        "| commission_expense | BEN | 16.00 |", "| payouts_in_transit | BEN | -16.00 |", "| cash | BEN | -16.00 |",
        "| 2026-03 | 2 | 0.00 | 1 | -16.00 | 0.00 | 0.00 | 0.00 | -16.00 | negative_balance |",
        "| 2026-04 | 3 | -16.00 | 0 | 0.00 | 16.00 | 0.00 | 0.00 | 0.00 | nothing_due |",
        "| commission_expense | 0.00 |", "| adjustments | 16.00 |", "| cash | -16.00 |", "| sum | 0.00 |",
    ):  # fmt: skip
        assert row in page, row
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    assert [difference for close in Close.objects.all() for difference in replay(close)] == []
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "docs/money.md tells another story: `make docs` writes it anew"
