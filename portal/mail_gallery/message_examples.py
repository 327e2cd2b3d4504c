"""Example data of the e-mails about messages, announcements, creatives and sales."""

from typing import Any

from portal.mail_gallery.money_examples import ID

_MESSAGE: dict[str, Any] = {
    "subject": "Your banner for the autumn sale",
    "text": "The size that you asked for is online now. Do you need it in French, too?",
    "is_cut": False,
    "conversation": ID,
}
_SALE: dict[str, Any] = {"number": "JP-23957", "placed_at": "29 Nov 2026, 09:25 CET", "commission": "18.26 USD"}
_WITHDRAWN: dict[str, Any] = {
    "title": "Autumn sale",
    "reason": "The sale is over.",
    "is_banner": True,
    "creative_id": ID,
}
_WEEK: dict[str, Any] = {
    "first_day": "23 Nov 2026",
    "last_day": "29 Nov 2026",
    "clicks": "1,204",
    "orders": "17",
    "earned": "205.01 USD",
    "on_its_way": "265.55 USD",
    "next_payout": "about 209.90 USD on 3 Dec 2026",
}

EXAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "message_received": {"": _MESSAGE, "long": {**_MESSAGE, "is_cut": True}},
    "announcement": {
        "": {
            "subject": "Free delivery until Sunday",
            "text": "Orders are delivered free of charge until Sunday. Tell your readers.",
            "announcement": ID,
        }
    },
    "sale": {
        "one order": {"sales": [_SALE], "count": 1, "more": 0, "total": "18.26 USD", "order": ID},
        "many orders": {"sales": [_SALE] * 3, "count": 14, "more": 11, "total": "255.64 USD", "order": ID},
    },
    "weekly_digest": {"": _WEEK, "only clicks": {**_WEEK, "orders": "0", "earned": "", "next_payout": ""}},
    "creative_withdrawn": {"banner": _WITHDRAWN, "text": {**_WITHDRAWN, "is_banner": False}},
    "payouts_returned": {
        "": {"batch": "Payouts 2026-10", "batch_id": ID, "by": "Petra Nowak", "reason": "Check the account of Ben."}
    },
}
