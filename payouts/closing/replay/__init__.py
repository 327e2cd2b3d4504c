"""Recomputing a closed month from what was recorded, and comparing it with what was posted (CONTRACT 6)."""

from payouts.closing.replay.comparison import Difference, replay

__all__ = ["Difference", "replay"]
