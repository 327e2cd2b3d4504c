"""The staff's side of the agreement."""

from agreements.admin import acceptances, program, promotions, versions

__all__ = ["acceptances", "program", "promotions", "versions"]
