from shops.admin import order_files, rejects

__all__ = ["order_files", "rejects"]
