"""The staff's side of tracking. Rejects are sent again by payouts, which stands above: they have their page there."""

from tracking.admin import clicks, coupons, links, orders

__all__ = ["clicks", "coupons", "links", "orders"]
