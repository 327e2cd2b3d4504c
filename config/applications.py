"""What the portal does with applications (specification 10)."""

from config.environment import read_boolean

__all__ = ["CHANNEL_PREVIEWS"]

# Whether the worker fetches title and description of the channels that applicants name.
CHANNEL_PREVIEWS = read_boolean("CHANNEL_PREVIEWS", True)
