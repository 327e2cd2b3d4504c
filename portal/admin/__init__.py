"""The portal in the admin: requests to be erased, and what beat asks."""

from portal.admin import erasure, operations

__all__ = ["erasure", "operations"]
