"""The portal in the admin: requests to be erased, and what beat asks."""

from portal.admin import affiliates, agreement_versions, channels, erasure, operations

__all__ = ["affiliates", "agreement_versions", "channels", "erasure", "operations"]
