"""The admin of the agreements app."""

from agreements.admin import acceptances, declines, program, promotions, versions

__all__ = ["acceptances", "declines", "program", "promotions", "versions"]
