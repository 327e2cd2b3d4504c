from tracking.models.click import Click, ClickLoss
from tracking.models.link import Coupon, Link
from tracking.models.order import Order, OrderLine, OrderSnapshot, Reason, Reject, Status

__all__ = [
    "Click",
    "ClickLoss",
    "Coupon",
    "Link",
    "Order",
    "OrderLine",
    "OrderSnapshot",
    "Reason",
    "Reject",
    "Status",
]
