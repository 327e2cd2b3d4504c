"""Where there is neither an order nor an adjustment ..."""

from datetime import date

import pytest

from payouts import close
from payouts.opening import open_program
from tests.worlds import begin, moment

pytestmark = pytest.mark.django_db


def test_there_is_nothing_to_close():
    begin("2026-01-01")
    open_program(now=moment("2026-01-02"), by=None)
    assert close.next_period() is None
    assert close.close_due_months(now=moment("2026-05-03")) == []
    with pytest.raises(close.CannotClose, match="no order and no adjustment yet"):
        close.close_month(period=date(2026, 1, 1), now=moment("2026-05-03"), by=None)


def test_the_months_are_those_of_utc_before_the_first_agreement():
    assert str(close.program_zone()) == "UTC"
