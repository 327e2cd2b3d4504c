"""Example data of the e-mails about commissions, statements, payouts and payout details."""

from typing import Any

ID = "0190c2f4-7a10-7c3e-9d55-2f1f6a1b8e03"
_STATEMENT: dict[str, Any] = {
    "statement": ID,
    "period": "2026-11",
    "number": 7,
    "opening": "12.30",
    "settled": "1261.89",
    "adjustments": "0.00",
    "returned": "0.00",
    "payout": "1274.19",
    "closing": "0.00",
    "currency": "USD",
    "reasons": [],
}
_CARRIED = {"settled": "8.10", "payout": "0.00", "closing": "20.40", "reasons": ["below_minimum", "no_payout_details"]}
_PAYOUT: dict[str, Any] = {
    "amount": "1,274.19 USD",
    "method": "Bank transfer (SEPA)",
    "account": "DE89 •••• 3000",
    "reference": "AC01A2262D7F9C4E21B6D5F0D6B6F4",
}
_FAILED: dict[str, Any] = {
    **_PAYOUT,
    "returned": False,
    "cancelled": False,
    "reason": "The account number is not known to the bank.",
    "clause": "6.7 of version 3",
}
_DETAILS: dict[str, Any] = {
    "method": "PayPal",
    "account": "b••@example.com",
    "account_before": "DE89 •••• 3000",
    "country_abroad": "",
    "entered_at": "29 Nov 2026, 10:30 CET",
    "usable_from": "6 Dec 2026, 10:30 CET",
    "held": True,
    "clause": "6.5 of version 3",
}

EXAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "first_commission": {
        "": {
            "order": "JP-23957",
            "placed_at": "29 Nov 2026, 09:25 CET",
            "order_value": "214.80 USD",
            "amount": "18.26 USD",
            "clause": "4.1 of version 3",
        }
    },
    "month_closed": {
        "paid": _STATEMENT,
        "carried over": {**_STATEMENT, **_CARRIED},
        "all amounts": {
            **_STATEMENT,
            "opening": "-1048576.25",
            "settled": "9876543.21",
            "adjustments": "-125.00",
            "returned": "204.19",
            "payout": "8828046.15",
        },
    },
    "payout_sent": {
        "statement": {**_PAYOUT, "statement": ID, "clause": "6.2 of version 3"},
        "paid again": {**_PAYOUT, "statement": "", "clause": "6.2 of version 3"},
    },
    "payout_failed": {
        "failed": _FAILED,
        "returned": {**_FAILED, "returned": True},
        "cancelled": {**_FAILED, "cancelled": True, "reason": "The payout details have changed since the close."},
    },
    "payout_details_changed": {
        "added": {**_DETAILS, "account_before": ""},
        "changed": _DETAILS,
        "abroad": {**_DETAILS, "country_abroad": "Switzerland"},
    },
}
