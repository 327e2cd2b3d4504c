"""Who may sign in: people, groups of staff, and the shop's API keys."""

from accounts.admin import api_keys, users

__all__ = ["api_keys", "users"]
