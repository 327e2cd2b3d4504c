"""The admin of compliance: pages that show, and actions that ask; each calls one domain function."""

from compliance.admin import program, reviews, signals, targets, terminations

__all__ = ["program", "reviews", "signals", "targets", "terminations"]
