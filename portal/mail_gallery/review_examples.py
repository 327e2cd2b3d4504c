"""Example data of the e-mails about reviews, sales targets, suspension and the end of participation."""

from typing import Any

ID = "0190c2f4-7a10-7c3e-9d55-2f1f6a1b8e02"
_CLAUSE = "7.3 of version 3"
_APPEAL_BY = "13 Dec 2026, 10:30 CET"
_REASON = "The nine orders were placed from the address that the clicks came from."
_REVIEW: dict[str, Any] = {"review": ID, "review_title": "Orders of your own", "clause": _CLAUSE}
_OPENED: dict[str, Any] = {
    **_REVIEW,
    "summary": "Nine orders since 3 November came from the address that your own clicks came from.\n\nPlease explain.",
    "evidence": [],
    "reply_by": "6 Dec 2026, 10:30 CET",
    "decide_by": "20 Dec 2026, 10:30 CET",
    "held": 9,
    "amount": "18.24 USD",
    "hold_all_reason": "",
    "hold_clause": "7.5 of version 3",
    "reply_clause": "7.6 of version 3",
}
_DECIDED: dict[str, Any] = {
    **_REVIEW,
    "decision": "forfeiture",
    "decision_label": "Forfeiture of the named commissions",
    "reason": _REASON,
    "forfeited": 9,
    "forfeited_amount": "18.24 USD",
    "missed_target": False,
    "appeal_by": _APPEAL_BY,
    "appeal_clause": "7.9 of version 3",
    "forfeiture_clause": "7.8 of version 3",
}
_KEPT = {"forfeited": 0, "forfeited_amount": ""}
_APPEAL: dict[str, Any] = {
    **_REVIEW,
    "granted": True,
    "decision_label": "Forfeiture of the named commissions",
    "granted_automatically": False,
    "reason": "The orders were placed by different customers of one office.",
    "appeal_clause": "7.9 of version 3",
}
_ENDED: dict[str, Any] = {
    "reason": _REASON,
    "clause": _CLAUSE,
    "at": "29 Nov 2026, 10:30 CET",
    "breach": False,
    "has_taken_part": True,
    "forfeits": False,
    "forfeited_amount": "",
    "review": "",
}
_TARGET: dict[str, Any] = {"orders": 2, "target_orders": 3, "period": "180 days", "target_clause": "3.1 of version 3"}
_NOTICE: dict[str, Any] = {
    "ground": "target",
    "reason": "The sales target was missed and not reached within the grace period.",
    "clause": "8.3 of version 3",
    "takes_effect_at": "29 Dec 2026, 10:30 CET",
    "review": ID,
    "has_taken_part": True,
    "held": "",
}
_LEAVING: dict[str, Any] = {
    "held": "",
    "declined": "",
    "decline_clause": "",
    "ends_at": "29 Dec 2026, 10:30 CET",
    "clause": "8.6 of version 3",
    "final_clause": "8.8 of version 3",
}
_RETURN: dict[str, Any] = {
    "state": "active",
    "is_paused": False,
    "clause": "8.6 of version 3",
    "pause_clause": "9.4 of version 3",
}
_PROGRAM_END: dict[str, Any] = {
    "ends_at": "1 Mar 2027, 00:00 CET",
    "reason": "The shop closes.",
    "clause": "8.10 of version 3",
    "final_clause": "8.8 of version 3",
    "attribution_days": 3,
    "has_taken_part": True,
}

EXAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "review_opened": {
        "money held": _OPENED,
        "with addresses": {**_OPENED, "evidence": ["https://blog.example/gifts", "https://blog.example/jugs"]},
        "all payouts held": {**_OPENED, "hold_all_reason": "The balance may come from orders of your own."},
        "nothing held": {**_OPENED, "held": 0, "amount": "0.00 USD"},
    },
    "review_decided": {
        "forfeiture": _DECIDED,
        "warning": {**_DECIDED, **_KEPT, "decision": "warning", "decision_label": "Warning"},
        "suspension": {**_DECIDED, **_KEPT, "decision": "suspension", "decision_label": "Suspension"},
        "termination": {**_DECIDED, "decision": "termination", "decision_label": "Termination"},
        "dismissed": {**_DECIDED, **_KEPT, "decision": "dismissed", "decision_label": "Dismissed", "appeal_by": ""},
    },
    "appeal_decided": {
        "granted": _APPEAL,
        "automatic": {**_APPEAL, "granted_automatically": True},
        "refused": {**_APPEAL, "granted": False},
    },
    "hold_released": {
        "": {
            **_REVIEW,
            "amount": "18.24 USD",
            "held_all_payouts": True,
            "decide_by": "20 Dec 2026, 10:30 CET",
            "deadline_clause": "7.7 of version 3",
        },
        "by staff": {
            **_REVIEW,
            "amount": "18.24 USD",
            "held_all_payouts": False,
            "reason": "The shop confirmed these orders.",
        },
    },
    "review_question": {"": {**_REVIEW, "question": "Which newsletter carried the link on 3 December?"}},
    "suspended": {
        "review": {"reason": _REASON, "clause": _CLAUSE, "review": ID},
        "no review": {"reason": _REASON, "clause": _CLAUSE, "review": ""},
    },
    "reinstated": {"": {"reason": "Your appeal was granted.", "clause": _CLAUSE, "state": "active"}},
    "terminated": {
        "notice": _ENDED,
        "breach": {**_ENDED, "breach": True, "forfeits": True, "forfeited_amount": "18.24 USD", "review": ID},
        "never took part": {**_ENDED, "has_taken_part": False},
    },
    "termination_notice": {
        "target": _NOTICE,
        "choice": {**_NOTICE, "ground": "choice", "reason": "We end this channel.", "review": ""},
        "held": {**_NOTICE, "held": "2.27 USD"},
    },
    "termination_revoked": {
        "": {"reason": "Your orders of December were reported late.", "clause": "8.3 of version 3"}
    },
    "leaving_confirmed": {
        "own request": _LEAVING,
        "declined": {**_LEAVING, "declined": "3", "decline_clause": "9.5 of version 3"},
        "held": {**_LEAVING, "held": "2.27 USD"},
        "never took part": {"ends_at": "", "declined": "", "decline_clause": ""},
    },
    "leaving_taken_back": {
        "active": _RETURN,
        "paused": {**_RETURN, "is_paused": True},
        "suspended": {**_RETURN, "state": "suspended"},
    },
    "end_of_program": {"active": _PROGRAM_END, "never took part": {**_PROGRAM_END, "has_taken_part": False}},
    "target_at_risk": {
        "": {
            **_TARGET,
            "is_first_period": False,
            "missed_at": "20 Dec 2026, 08:12 CET",
            "clause": "3.2 of version 3",
        },
        "first period": {
            **_TARGET,
            "is_first_period": True,
            "missed_at": "20 Dec 2026, 08:12 CET",
            "clause": "3.2 of version 3",
        },
    },
    "target_missed": {"": {**_TARGET, "clause": "3.3 of version 3", "cure_by": "29 Dec 2026, 10:30 CET"}},
    "target_met": {"": {**_TARGET, "orders": 3, "clause": "3.3 of version 3"}},
}
