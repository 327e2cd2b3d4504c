"""What the preview of an order file, and its import, say of refused orders: each problem with its line and column."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from shops import intake
from shops.csv_import.order_groups import OrderGroup
from shops.models import OrderFile, OrderFileReject
from tracking.orders.incoming import IncomingOrder, Outcome

REJECTED_OUTCOMES = (Outcome.REJECTED, Outcome.CONFLICT)


def store_rejects(
    file: OrderFile, columns: Mapping[str, int], results: Iterable[tuple[OrderGroup, IncomingOrder]], now: datetime
) -> None:
    """Store a row for each problem of the refused orders."""
    reader = intake.build_reader(now)
    rejects = []
    for order, result in results:
        if result.outcome not in REJECTED_OUTCOMES:
            continue
        for path, cause in order.find_problems(result, reader):
            row, field = order.locate(path, cause)
            heading = file.headings[columns[field]] if field in columns else ""
            rejects.append(
                OrderFileReject(
                    order_file=file, row=row, order_id=result.order_id or "", field=path[:200],
                    heading=heading, outcome=str(result.outcome), cause=cause,
                )
            )  # fmt: skip
    OrderFileReject.objects.bulk_create(rejects, batch_size=500)
