from tracking.models.click import Click, ClickLoss
from tracking.models.link import Coupon, Link
from tracking.models.link_name import LinkName
from tracking.models.order import Order, OrderLine, OrderSnapshot, Reason, Status
from tracking.models.rollup import ChangedDay, ClickHorizon, Rollup

__all__ = [
    "ChangedDay",
    "Click",
    "ClickHorizon",
    "ClickLoss",
    "Coupon",
    "Link",
    "LinkName",
    "Order",
    "OrderLine",
    "OrderSnapshot",
    "Reason",
    "Rollup",
    "Status",
]
