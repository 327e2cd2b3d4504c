from shops.models.order_file import OrderFile, OrderFileReject
from shops.models.reject import Reject

__all__ = ["OrderFile", "OrderFileReject", "Reject"]
