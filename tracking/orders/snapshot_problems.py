"""Every problem of an order that is refused, so that all of them are corrected at once (specification 4).

Pure. A refusal names the first problem only. Here the value that it is about is replaced by a valid one, and the row is
read again, until nothing else is wrong.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from tracking.orders.snapshot_fields import EARLIEST, MAX_AMOUNT, Rejected
from tracking.orders.snapshots import Reader, format_timestamp

# Of one order; a line that repeats a mistake a thousand times is named often enough.
MAX_PROBLEMS = 50
_LINE_PATH = re.compile(r"lines\[(\d+)\]\.(\w+)")
# Values with which no other field of the order or line is in conflict.
_ORDER_VALUES: dict[str, object] = {
    "order_id": "-",
    "updated_at": format_timestamp(EARLIEST),
    "status": "cancelled",
    "placed_at": format_timestamp(EARLIEST),
    "click_id": None,
    "coupon": None,
    "coupons": None,
    "customer": {},
}
_LINE_VALUES: dict[str, object] = {
    "sku": None,
    "title": None,
    "category": "-",
    "quantity": 1,
    "amount": f"{MAX_AMOUNT:.2f}",
    "refunded": "0.00",
}


def find_problems(reader: Reader, row: object, known: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the problems of a refused row as (field, cause): the `known` ones, then the others, at most 50 in all."""
    problems = list(dict.fromkeys(known))
    copied = deepcopy(row)
    for field, _cause in problems:
        _replace_value(copied, field, reader)
    while len(problems) < MAX_PROBLEMS:
        try:
            reader.read(copied)
        except Rejected as refusal:
            found = (refusal.field, refusal.message)
            # A value that is refused again would be so forever.
            if found in problems:
                return problems
            problems.append(found)
            if not _replace_value(copied, refusal.field, reader):
                return problems
        else:
            return problems
    return problems


def _replace_value(row: object, field: str, reader: Reader) -> bool:
    """Replace the value at `field` by a valid one. Return whether there is such a value."""
    if not isinstance(row, dict):
        return False
    if match := _LINE_PATH.fullmatch(field):
        lines, index = row["lines"], int(match[1])
        return index < len(lines) and _replace_line_value(lines[index], match[2], f"-{index}")
    name = field.partition("[")[0]
    if name.startswith("customer.") and isinstance(row["customer"], dict):
        row["customer"].pop(name.removeprefix("customer."), None)
    elif name == "completed_at":
        row[name], row["status"] = None, "cancelled"
    elif name == "currency":
        row[name] = reader.currency
    elif name in _ORDER_VALUES:
        row[name] = _ORDER_VALUES[name]
    else:
        return False
    return True


def _replace_line_value(line: Any, name: str, line_id: str) -> bool:
    if not isinstance(line, dict) or name not in (*_LINE_VALUES, "line_id"):
        return False
    line[name] = line_id if name == "line_id" else _LINE_VALUES[name]
    return True
