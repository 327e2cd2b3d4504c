"""The one door to payouts that a close drafted: submit, approve, export, import what the bank said (CONTRACT 6)."""

from payouts.approval import Obstacle, Summary, approve, back_to_draft, digest_of, obstacles_of, submit, summary
from payouts.exports import content, export
from payouts.results import Line, import_results, mark_paid, preview
from payouts.returns import cancel, fail, hold, pay, put_aside, reissue

__all__ = [
    "Line",
    "Obstacle",
    "Summary",
    "approve",
    "back_to_draft",
    "cancel",
    "content",
    "digest_of",
    "export",
    "fail",
    "hold",
    "import_results",
    "mark_paid",
    "obstacles_of",
    "pay",
    "preview",
    "put_aside",
    "reissue",
    "submit",
    "summary",
]
