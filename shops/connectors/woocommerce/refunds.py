"""What of each line was refunded: by line where it is known, else in proportion (specification 11). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lib.money import ZERO, round_to_cents
from shops.connectors.amounts import spread, take_share
from shops.connectors.woocommerce.fields import read_number, read_objects, read_optional_id, read_optional_number

REFUND_PART = "refund "


class Refunded(NamedTuple):
    """The refunded amount of each line, and the sum, with tax, of refunds whose lines are not known."""

    by_line: list[Decimal]
    unknown: Decimal


def read_refund(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a refund of the API: the net amount by line of the order, and the sum of all that it names, with tax."""
    by_line: dict[str, Decimal] = {}
    gross = Decimal(0)
    for key in ("line_items", "shipping_lines", "fee_lines"):
        for path, value in read_objects(content, key):
            total = -read_number(value.get("total"), f"{path}.total")
            gross += total - read_optional_number(value.get("total_tax"), f"{path}.total_tax")
            line = _find_line(value) if key == "line_items" else ""
            if line:
                by_line[line] = by_line.get(line, Decimal(0)) + total
    return {"lines": {line: str(total) for line, total in by_line.items()}, "gross": str(gross)}


def _find_line(value: Mapping[str, Any]) -> str:
    """Return the id of the order's line that a line of a refund names, "" if it names none."""
    metas = (meta for _path, meta in read_objects(value, "meta_data"))
    return next((read_optional_id(m.get("value")) for m in metas if m.get("key") == "_refunded_item_id"), "")


def calculate_refunded(
    line_ids: Sequence[str],
    amounts: Sequence[Decimal],
    gross: Decimal,
    refunds: Iterable[tuple[Decimal, Mapping[str, Any] | None]],
) -> Refunded:
    """Return what was refunded of each line's amount, cumulated and never above it.

    `gross` is all that was paid, with tax and shipping. Each refund is its total and what the API says about it, if
    known. What a refund doesn't name by line is spread over what is left of goods, tax and shipping, and the goods' share
    over what is left of the lines.
    """
    named = dict.fromkeys(line_ids, ZERO)
    named_gross = unnamed = unknown = Decimal(0)
    for total, detail in refunds:
        known = Decimal(detail["gross"]) if detail else Decimal(0)
        named_gross += known
        unnamed += max(total - known, Decimal(0))
        unknown += Decimal(0) if detail else total
        for line, refunded in (detail["lines"] if detail else {}).items():
            if line in named:
                named[line] += Decimal(refunded)
    by_line = [min(max(round_to_cents(named[i]), ZERO), amount) for i, amount in zip(line_ids, amounts, strict=True)]
    left = [amount - refunded for amount, refunded in zip(amounts, by_line, strict=True)]
    share = take_share(sum(left, ZERO), unnamed, max(gross - named_gross, unnamed))
    spread_shares = spread(share, left)
    return Refunded([first + second for first, second in zip(by_line, spread_shares, strict=True)], unknown)
