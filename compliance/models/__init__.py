from compliance.models.review import Review, ReviewEvent, ReviewFile
from compliance.models.signal import AbuseReport, Signal
from compliance.models.target import TargetCheck, TargetNotice, TargetPause
from compliance.models.termination import TerminationNotice

__all__ = [
    "AbuseReport",
    "Review",
    "ReviewEvent",
    "ReviewFile",
    "Signal",
    "TargetCheck",
    "TargetNotice",
    "TargetPause",
    "TerminationNotice",
]
