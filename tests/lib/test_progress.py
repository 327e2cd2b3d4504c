"""A progress bar"""

import io
from datetime import date

import pytest
from django.core.management import call_command
from django.core.management.base import OutputWrapper

from lib import progress as bars
from lib.progress import ProgressBar
from payouts.closing import close
from payouts.closing.close_summary import iter_statement_rows
from payouts.closing.replay import replay
from payouts.models import Close
from tests.payouts.conftest import BEGIN, FEBRUARY
from tests.scenarios import build_order, create_program, import_affiliates, send_orders


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    class Clock:
        now = 100.0

        def __call__(self) -> float:
            return self.now

    return Clock()


def test_is_drawn_after_a_second_and_gone_at_the_end(clock):
    screen = Screen()
    with ProgressBar(OutputWrapper(screen), "2026-01", 200, clock) as told:
        clock.now += 0.9
        told(20)
        assert screen.getvalue() == ""
        clock.now += 0.2
        told(50)
        assert screen.getvalue() == "\r\x1b[K2026-01 [########......................]  25%"
        told(60)
        clock.now += 0.3
        told(400)
    assert screen.getvalue().split("\r\x1b[K")[2:] == [f"2026-01 [{'#' * 30}] 100%", ""]


def test_is_never_written_to_a_file_or_pipe(clock):
    pipe = io.StringIO()
    with ProgressBar(OutputWrapper(pipe), "2026-01", 2, clock) as told:
        clock.now += 5
        assert list(told.track(["a", "b"])) == ["a", "b"]
    assert pipe.getvalue() == ""


@pytest.mark.django_db
def test_is_told_by_a_close_and_by_a_replay_up_to_the_end(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    done = "2026-01-12T12:00:00Z"
    send_orders(
        *(build_order(f"A{n}", ("home-decor", "400.00"), at=done, completed=done, coupon="ANN") for n in range(3))
    )
    steps, orders = [], []
    made = close.close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None, progress=steps.append)
    assert steps == list(range(1, close.STEPS + 1))
    assert replay(made, progress=orders.append) == []
    assert orders == [3]


@pytest.mark.django_db
def test_leaves_the_result_of_a_command_alone(make_payable_affiliate, grant, monkeypatch):
    monkeypatch.setattr(bars, "DELAY_SECONDS", -1.0)
    monkeypatch.setattr(bars, "INTERVAL_SECONDS", 0.0)
    grant(make_payable_affiliate(), "20.00", at=BEGIN)
    out, screen = io.StringIO(), Screen()
    call_command("close_month", "2026-01", stdout=out, stderr=screen)
    assert out.getvalue().startswith("period=2026-01 statements=1")
    assert "2026-01 [" in screen.getvalue()
    out = io.StringIO()
    call_command("export_statements", "2026-01", stdout=out, stderr=screen)
    assert len(out.getvalue().splitlines()) == 1 + len(list(iter_statement_rows(Close.objects.get())))
    out = io.StringIO()
    call_command("replay", "--all", stdout=out, stderr=screen)
    assert out.getvalue() == "2026-01 differences=0\n"
