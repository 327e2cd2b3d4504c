from shops.models.api_failure import ApiFailure
from shops.models.connection import Completion, Connection, Platform, ShopEvent
from shops.models.order_file import OrderFile, OrderFileReject
from shops.models.reject import Reject
from shops.models.shop_order import CategoryMapping, ShopOrder, ShopOrderLine, ShopProduct

__all__ = [
    "ApiFailure",
    "CategoryMapping",
    "Completion",
    "Connection",
    "OrderFile",
    "OrderFileReject",
    "Platform",
    "Reject",
    "ShopEvent",
    "ShopOrder",
    "ShopOrderLine",
    "ShopProduct",
]
