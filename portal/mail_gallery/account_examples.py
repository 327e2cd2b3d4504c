"""Example data of the e-mails about applications, channels, accounts and personal data, and of those to staff."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from portal import account_email

NAME, ADDRESS = "Ben Ortega", "ben@example.com"
_REASON = "Your newsletter has no imprint. Please add one and apply again."
_DECISION: dict[str, Any] = {
    "approved": ["https://ben.example/garden/", "https://letters.example/ben"],
    "rejected": ["https://coupons.example/" + "a-very-long-address-without-a-break" * 4],
    "clause": "2.1 of version 3",
}

EXAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "application_received": {"": {"clause": "2.1 of version 3"}},
    "application_approved": {"": _DECISION},
    "application_rejected": {"": {"reason": _REASON, "clause": "2.1 of version 3"}},
    "channel_approved": {"": {"address": "https://ben.example/garden/", "reason": "", "clause": "2.3 of version 3"}},
    "channel_rejected": {
        "": {"address": "https://coupons.example/ben", "reason": _REASON, "clause": "2.3 of version 3"}
    },
    "account_imported": {
        "to accept": {"clause": "1.3 of version 3", "invitation": "token"},
        "accepted on paper": {"accepted_on": "3 Feb 2025", "clause": "1.4 of version 3", "invitation": "token"},
    },
    "account_email_changed": {
        "owner": {"before": ADDRESS, "after": "ben.ortega@example.org", "changed_by_staff": False},
        "staff": {"before": ADDRESS, "after": "ben.ortega@example.org", "changed_by_staff": True},
    },
    "account_changed_by_staff": {"password": {"change": "password"}, "second factor": {"change": "second_factor"}},
    "deletion_requested": {
        "waits": {"blockers": ["Your balance is 204.19 USD."], "clause": "10.3 of version 3"},
        "nothing open": {"blockers": [], "clause": "10.3 of version 3"},
    },
    "deletion_announced": {"": {"retention_clause": "10.4 of version 3"}},
    "staff_daily_list": {
        "": {"items": ["Applications: 3", "Reviews to decide: 1 (due soon or overdue)"], "url": "/admin/"}
    },
    "orders_in_conflict": {"": {"count": 3, "source": "The API key of the shop"}},
    "close_exceptions": {"": {"period": "2026-11", "count": 2}},
    "integrity_check_failed": {
        "": {
            "check": "Verify the ledger",
            "day": "29 Nov 2026",
            "violation": "Transaction 0190c2f4-7a10-7c3e-9d55-2f1f6a1b8e01 is not balanced: 0.01 USD.",
        }
    },
    "task_disabled": {
        "": {"task": "Send queued e-mail", "failures": 3, "error": "ConnectionRefusedError: [Errno 111] refused"}
    },
}


def build_account_examples() -> dict[str, dict[str, Any]]:
    """Return the contexts of the kind "account", one for each of the templates that django-allauth fills."""
    found = {
        path.name.removesuffix("_subject.txt"): f"{folder}/email/{path.name.removesuffix('_subject.txt')}"
        for folder in ("account", "mfa")
        for path in sorted((settings.BASE_DIR / "templates" / folder / "email").glob("*_subject.txt"))
    }
    return {name.replace("_", " "): _build_account_example(name, prefix) for name, prefix in found.items()}


def _build_account_example(name: str, prefix: str) -> dict[str, Any]:
    link = next((key for key, words in _LINKS.items() if name in words), None)
    values: dict[str, Any] = {
        "email": ADDRESS,
        "program_name": settings.PROGRAM_NAME,
        "ip": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
        "timestamp": datetime(2026, 11, 29, 9, 30, tzinfo=UTC),
        **({link: f"{settings.BASE_URL}/accounts/{'k' * 64}/"} if link else {}),
    }
    context = account_email.build_context(prefix, ADDRESS, values)
    # Only these two may reach an address that its owner has not confirmed.
    return context if name.startswith("email_confirmation") else context | {"name": NAME}


_LINKS = {
    "activate_url": ("email_confirmation", "email_confirmation_signup"),
    "password_reset_url": ("password_reset_key", "account_already_exists"),
    "signup_url": ("unknown_account",),
}
