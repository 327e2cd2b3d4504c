"""Many rows in short queries, one after the other, so that neither memory nor a connection is held for all of them.

A cursor of the server would need its connection until its end, which a pooler in transaction mode does not give.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

SIZE = 2000

M = TypeVar("M", bound=Model)
Row = TypeVar("Row")


def iterate_by_key(rows: QuerySet[M, Row], *, key: str = "pk", size: int = SIZE) -> Iterator[Row]:
    """Yield the rows in the order of `key`, which is never null, about `size` at a time. Any other order is replaced.

    Each query shows the database as it is then: rows that are added behind the last one meanwhile are read as well.
    """
    rows = rows.order_by(key)
    keys = rows.values_list(key, flat=True)
    condition: dict[str, Any] = {}
    while page := list(keys.filter(**condition)[:size]):
        within: dict[str, Any] = condition | {f"{key}__lte": page[-1]}
        yield from rows.filter(**within)
        condition = {f"{key}__gt": page[-1]}
