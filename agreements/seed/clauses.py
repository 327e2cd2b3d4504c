"""The whole text of the seed agreement, in the order in which it is read."""

from agreements.seed.conduct import CONDUCT
from agreements.seed.ending import ENDING
from agreements.seed.pay import PAY
from agreements.seed.shapes import ClauseText
from agreements.seed.taking_part import TAKING_PART

CLAUSES: tuple[ClauseText, ...] = (*TAKING_PART, *PAY, *CONDUCT, *ENDING)
