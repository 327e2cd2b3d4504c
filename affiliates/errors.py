"""What the rooms refuse by name."""


class IllegalTransition(Exception):
    """A change of state that is not among the listed ones, or that somebody else made first (DESIGN 2.1)."""
