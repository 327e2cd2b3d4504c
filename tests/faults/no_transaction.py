"""A close without its transaction, as the control of the kill tests: each statement is committed at once."""

import contextlib
from typing import Any

from payouts.closing import close_sql

# The temporary tables of a close, which must outlive its commits here.
LASTING_TABLES = close_sql.TEMPORARY_TABLES.replace(" ON COMMIT DROP", "")


class NoTransaction:
    """A replacement for `django.db.transaction` whose `atomic` does nothing."""

    @staticmethod
    def atomic(**_kwargs: Any) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()
