"""Admin pages and staff actions of compliance."""

from compliance.admin import program, reviews, signals, targets, terminations

__all__ = ["program", "reviews", "signals", "targets", "terminations"]
