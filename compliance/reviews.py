"""Reviews (CONTRACT 8): all that can be done with one, in the order in which it happens."""

from compliance.appeals import appeal, decide_appeal
from compliance.deciding import decide
from compliance.opening import open_review
from compliance.overdue import Kept, keep_deadlines
from compliance.replying import add_note, reply

__all__ = ["Kept", "add_note", "appeal", "decide", "decide_appeal", "keep_deadlines", "open_review", "reply"]
