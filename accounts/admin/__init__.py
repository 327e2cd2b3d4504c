"""Users, staff groups and API keys."""

from accounts.admin import api_keys, users

__all__ = ["api_keys", "users"]
