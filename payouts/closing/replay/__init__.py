"""Replay of a close: recompute a month from order snapshots and histories, and compare it with what was posted
(specification 6)."""

from payouts.closing.replay.comparison import Difference, replay

__all__ = ["Difference", "replay"]
