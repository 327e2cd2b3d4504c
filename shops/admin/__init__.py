from shops.admin import connections, order_files, orders, rejects

__all__ = ["connections", "order_files", "orders", "rejects"]
