"""The admin of the agreements app."""

from agreements.admin import acceptances, program, promotions, versions

__all__ = ["acceptances", "program", "promotions", "versions"]
