"""The admin of compliance: pages that show, and actions that ask; each calls one domain function."""

from compliance.admin import endings, program, reviews, signals, targets

__all__ = ["endings", "program", "reviews", "signals", "targets"]
