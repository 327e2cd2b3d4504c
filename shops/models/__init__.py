from shops.models.order_file import OrderFile, OrderFileRefusal
from shops.models.reject import Reject

__all__ = ["OrderFile", "OrderFileRefusal", "Reject"]
