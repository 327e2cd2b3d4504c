"""The seed agreement: an example to be replaced, complete enough for a small shop to start from (specification 2)."""

from agreements.seed.activities import PROHIBITED_ACTIVITIES
from agreements.seed.clauses import CLAUSES
from agreements.seed.shapes import ActivityText, ClauseText, Consequence, SeedRate, TermValue
from agreements.seed.terms import EVERYTHING_ELSE, RATE_CARD, TERMS

__all__ = [
    "CLAUSES",
    "EVERYTHING_ELSE",
    "PROHIBITED_ACTIVITIES",
    "RATE_CARD",
    "TERMS",
    "ActivityText",
    "ClauseText",
    "Consequence",
    "SeedRate",
    "TermValue",
]
