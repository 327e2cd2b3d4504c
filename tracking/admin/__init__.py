"""The admin of tracking."""

from tracking.admin import clicks, coupons, links, orders

__all__ = ["clicks", "coupons", "links", "orders"]
