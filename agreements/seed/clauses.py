"""All clauses of the seed agreement, in order."""

from agreements.seed.conduct import CONDUCT
from agreements.seed.participation import PARTICIPATION
from agreements.seed.payment import PAYMENT
from agreements.seed.shapes import ClauseText
from agreements.seed.termination import TERMINATION

CLAUSES: tuple[ClauseText, ...] = (*PARTICIPATION, *PAYMENT, *CONDUCT, *TERMINATION)
