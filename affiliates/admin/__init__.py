"""Applications and channels for staff: everything is decided by domain functions; the pages parse and show."""

from affiliates.admin.affiliates import AffiliateAdmin
from affiliates.admin.channels import ChannelAdmin

__all__ = ["AffiliateAdmin", "ChannelAdmin"]
