"""The lock of the ledger as the first statement of a change (see `payouts/ledger/booking.py`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def assert_ledger_is_locked_first() -> Iterator[None]:
    """Check that the block takes the shared lock before it reads or locks anything else, so that no close is between.

    The lock itself cannot be looked up afterwards: the transaction of the test may have taken it before.
    """
    with CaptureQueriesContext(connection) as queries:
        yield
    statements = [query["sql"] for query in queries if not query["sql"].startswith("SAVEPOINT")]
    assert statements
    assert "pg_advisory_xact_lock_shared" in statements[0]
