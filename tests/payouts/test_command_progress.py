"""Progress reports of the close and the replay, and the progress bar of their commands."""

import io
from datetime import date

import pytest
from django.core.management import call_command

from lib import progress
from payouts.closing import close
from payouts.closing.close_summary import iter_csv_rows
from payouts.closing.replay import replay
from payouts.models import Close
from tests.payouts.conftest import BEGIN, FEBRUARY
from tests.scenarios import build_order, create_program, import_affiliates, send_orders


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.django_db
def test_close_and_replay_report_progress_to_the_end(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    completed = "2026-01-12T12:00:00Z"
    send_orders(
        *(
            build_order(f"A{n}", ("home-decor", "400.00"), at=completed, completed=completed, coupon="ANN")
            for n in range(3)
        )
    )
    steps, orders = [], []
    january = close.close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None, progress=steps.append)
    assert steps == list(range(1, close.STEPS + 1))
    assert replay(january, progress=orders.append) == []
    assert orders == [3]


@pytest.mark.django_db
def test_progress_bar_does_not_change_command_output(make_payable_affiliate, grant, monkeypatch):
    monkeypatch.setattr(progress, "DELAY_SECONDS", -1.0)
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.0)
    grant(make_payable_affiliate(), "20.00", at=BEGIN)
    out, terminal = io.StringIO(), Terminal()
    call_command("close_month", "2026-01", stdout=out, stderr=terminal)
    assert out.getvalue().startswith("period=2026-01 statements=1")
    assert "2026-01 [" in terminal.getvalue()
    out = io.StringIO()
    call_command("export_statements", "2026-01", stdout=out, stderr=terminal)
    assert len(out.getvalue().splitlines()) == 1 + len(list(iter_csv_rows(Close.objects.get())))
    out = io.StringIO()
    call_command("replay", "--all", stdout=out, stderr=terminal)
    assert out.getvalue() == "2026-01 differences=0\n"
