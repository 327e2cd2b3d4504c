"""Example data of the e-mails about the agreement and promotions."""

from typing import Any

ID = "0190c2f4-7a10-7c3e-9d55-2f1f6a1b8e01"
EFFECTIVE, ACCEPTED = "21 Dec 2026, 09:00 CET", "29 Nov 2026, 13:26 CET"
_NOTICE: dict[str, Any] = {
    "agreement_id": ID,
    "version": "3",
    "effective": EFFECTIVE,
    "acceptance_clause": "1.3",
    "change_of_agreement_clause": "9.2",
    "decline_clause": "9.5",
    "pause_unaccepted_clause": "9.4",
}
_RATES = [
    {"label": "Home decor", "old": "5.00\u00a0%", "new": "5.50\u00a0%", "effect": "better for you", "clause": "4.1"},
    {"label": "Payout threshold", "old": "50.00 USD", "new": "25.00 USD", "effect": "better for you", "clause": "6.2"},
]
_LOWERED = {
    "label": "Garden tools",
    "old": "8.50\u00a0%",
    "new": "7.00\u00a0%",
    "effect": "worse for you",
    "clause": "4.1",
}
_IMPACT = {"actual": "204.19 USD", "projected": "198.40 USD"}
_CHANGE = {**_NOTICE, "changes": [*_RATES, _LOWERED], "clauses": ["3.2", "7.1"], "translations": ["de"], **_IMPACT}
_BENEFIT = {**_NOTICE, "changes": _RATES, "clauses": [], "translations": [], **_IMPACT, "projected": "212.50 USD"}
_COPY: dict[str, Any] = {
    "version": "3",
    "accepted": ACCEPTED,
    "sequence": 1048,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "text_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "language": "de",
    "governing_language": "en",
    "acceptance_clause": "1.3",
    "acceptance_offline_clause": "1.4",
}
_DECLINE: dict[str, Any] = {
    "agreement_id": ID,
    "version": "3",
    "state": "active",
    "is_paused": False,
    "takes_effect": EFFECTIVE,
    "clause": "9.5 of version 3",
    "leaving_clause": "8.6 of version 3",
    "pause_clause": "9.4 of version 3",
}
_PROMOTION: dict[str, Any] = {
    "promotion": "Spring planting weeks",
    "rate": "9.00\u00a0%",
    "categories": ["Garden tools", "Seeds and bulbs"],
    "starts": "1 Mar 2027, 00:00 CET",
    "ends": "1 Apr 2027, 00:00 CEST",
    "clause": "4.6 of version 3",
}

EXAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "agreement_to_accept": {"": _NOTICE},
    "agreement_change": {
        "active": {**_CHANGE, "paused": False, "state": "active"},
        "approved": {**_CHANGE, "paused": False, "state": "approved"},
        "leaving": {**_CHANGE, "paused": False, "state": "leaving"},
        "same earnings": {**_CHANGE, "projected": "204.19 USD", "paused": False, "state": "active"},
    },
    "agreement_benefit": {
        "active": {**_BENEFIT, "paused": False, "state": "active"},
        "paused": {**_BENEFIT, "paused": True, "state": "active"},
        "approved": {**_BENEFIT, "paused": False, "state": "approved"},
        "leaving": {**_BENEFIT, "paused": False, "state": "leaving"},
    },
    "agreement_reminder": {"": _NOTICE},
    "agreement_pause": {"": _NOTICE},
    "agreement_withdrawn": {
        "active": {**_NOTICE, "reason": "The rates were wrong.", "declined": False, "state": "active"},
        "declined": {**_NOTICE, "reason": "The rates were wrong.", "declined": True, "state": "active"},
    },
    "agreement_accepted": {"": _COPY},
    "agreement_recorded": {"": {**_COPY, "language": "en"}},
    "agreement_declined": {"active": _DECLINE, "approved": {**_DECLINE, "state": "approved"}},
    "agreement_decline_taken_back": {"active": _DECLINE, "approved": {**_DECLINE, "state": "approved"}},
    "promotion": {"categories": _PROMOTION, "all": {**_PROMOTION, "categories": []}},
    "promotion_end_changed": {
        "categories": {**_PROMOTION, "ends_before": "15 Mar 2027, 00:00 CET"},
        "all": {**_PROMOTION, "categories": [], "ends_before": "15 Mar 2027, 00:00 CET"},
    },
}
