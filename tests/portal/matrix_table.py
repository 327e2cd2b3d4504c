"""Who may what (CONTRACT 9): a row for every address of the site, with its answer to each part, when it is read and
when it is posted to.

An answer is a status; for a redirect also where it leads, by the name of the address there, or by the host of another site.
"""

AFFILIATES = ("owner", "other", "suspended", "terminated")
# By the letters of the admin's table; superusers are "boss".
GROUPS = {"M": "managers", "R": "reviewers", "P": "preparers", "A": "approvers"}
STAFF = (*GROUPS.values(), "boss")

Row = dict[str, str]
SIGN_IN, HOME, ADMIN = "302 account_login", "302 portal:after_sign_in", "302 admin:index"


def row(visitor: str, affiliates: str, staff: str, **but: str) -> Row:
    return {"visitor": visitor} | dict.fromkeys(AFFILIATES, affiliates) | dict.fromkeys(STAFF, staff) | but


def everybody(answer: str) -> Row:
    return row(answer, answer, answer)


def signed_in(answer: str) -> Row:
    """Affiliates and staff alike."""
    return row(SIGN_IN, answer, answer)


def visitors(answer: str) -> Row:
    """Nothing for whoever is signed in already."""
    return row(answer, HOME, HOME)


def own(answer: str, **but: str) -> Row:
    """Every affiliate, in any state, sees what is their own here."""
    return row(SIGN_IN, answer, ADMIN, **but)


def owners(answer: str) -> Row:
    """Whose object it is; to other affiliates there is no such object."""
    return own("404", owner=answer)


PUBLIC, NEVER = everybody("200"), everybody("405")
# Whoever may accept is asked for the version to come; a terminated affiliate is told why not.
ASKED = own("200", terminated="302 portal:agreement")

# Whoever signed in a while ago is asked for the password once more.
AGAIN = signed_in("302 account_reauthenticate")

# For each address what it answers when it is read, and when it is posted to without a body.
SITE: dict[str, tuple[Row, Row]] = {
    "portal:landing": (PUBLIC, PUBLIC),
    "portal:apply": (visitors("200"), visitors("200")),
    "portal:after_sign_in": (row(SIGN_IN, "302 portal:home", ADMIN), row(SIGN_IN, "302 portal:home", ADMIN)),
    "accounts/signup/": (everybody("302 portal:apply"), everybody("302 portal:apply")),
    "portal:home": (own("200"), own("200")),
    "portal:profile": (own("200"), own("200")),
    "portal:notifications": (own("200"), own("302 portal:notifications")),
    "portal:security": (signed_in("200"), signed_in("200")),
    "portal:my_data": (own("200"), own("200")),
    "portal:download_data": (NEVER, own("302 account_reauthenticate")),
    "portal:request_erasure": (NEVER, own("302 portal:my_data")),
    "portal:leave": (own("200"), own("200")),
    "affiliates:channels": (own("200"), own("200")),
    "affiliates:channel_remove": (NEVER, owners("302 affiliates:channels")),
    "agreements:current": (PUBLIC, NEVER),
    "agreements:current_pdf": (PUBLIC, NEVER),
    "agreements:terms_json": (PUBLIC, NEVER),
    "agreements:versions": (PUBLIC, NEVER),
    "agreements:version": (PUBLIC, NEVER),
    "agreements:version_pdf": (PUBLIC, NEVER),
    "agreements:version_text": (PUBLIC, NEVER),
    "agreements:version_terms": (PUBLIC, NEVER),
    "agreements:version_changes": (PUBLIC, NEVER),
    "portal:agreement_accept": (ASKED, ASKED),
    "portal:agreement_decline": (ASKED, own("302 portal:agreement")),
    "portal:agreement": (own("200"), own("405")),
    "portal:agreement_evidence": (owners("200"), own("405")),
    "tracking:follow": (everybody("302 shop.example.com"), NEVER),
    "tracking:links": (own("200"), NEVER),
    "tracking:link_new": (own("200"), own("200")),
    "tracking:link": (owners("200"), owners("200")),
    "tracking:link_pause": (NEVER, owners("302 tracking:link")),
    "tracking:link_resume": (NEVER, owners("302 tracking:link")),
    "tracking:link_qr_svg": (owners("200"), NEVER),
    "tracking:link_qr_png": (owners("200"), NEVER),
    "payouts:reports": (own("200"), NEVER),
    "payouts:reports_csv": (own("200"), NEVER),
    **dict.fromkeys(
        ("payouts:staff_reports", "payouts:staff_reports_csv", "shops:staff_categories"),
        (row("302 admin:login", "302 admin:login", "200"), row("302 admin:login", "302 admin:login", "405")),
    ),
    "payouts:commissions": (own("200"), own("200")),
    "payouts:find_order": (own("200"), NEVER),
    "payouts:order": (owners("200"), owners("200")),
    "payouts:statements": (own("200"), own("200")),
    "payouts:statement": (owners("200"), owners("200")),
    "payouts:statement_pdf": (owners("200"), owners("200")),
    "payouts:statement_csv": (owners("200"), owners("200")),
    "payouts:payouts": (own("200"), own("200")),
    "payouts:details": (own("200"), own("200")),
    "payouts:change_details": (own("302 account_reauthenticate"), own("302 account_reauthenticate")),
    "compliance:reviews": (own("200"), NEVER),
    "compliance:review": (owners("200"), NEVER),
    "compliance:reply": (NEVER, owners("422")),
    "compliance:appeal": (NEVER, owners("422")),
    "compliance:review_file": (owners("200"), NEVER),
    "compliance:report_abuse": (PUBLIC, PUBLIC),
    "compliance:backtest": (
        row("302 admin:login", "302 admin:login", "403", boss="200"),
        row("302 admin:login", "302 admin:login", "405"),
    ),
    "account_login": (visitors("200"), visitors("200")),
    "account_logout": (row("302 portal:landing", "200", "200"), everybody("302 portal:landing")),
    "account_inactive": (PUBLIC, NEVER),
    "account_signup": (everybody("302 portal:apply"), everybody("302 portal:apply")),
    "account_reauthenticate": (signed_in("200"), signed_in("200")),
    "account_email": (signed_in("200"), signed_in("302 account_email")),
    "account_email_verification_sent": (PUBLIC, NEVER),
    "account_change_password": (signed_in("200"), signed_in("200")),
    "account_set_password": (signed_in("302 account_change_password"), signed_in("302 account_change_password")),
    "account_reset_password": (PUBLIC, PUBLIC),
    "account_reset_password_done": (PUBLIC, NEVER),
    "account_reset_password_from_key": (PUBLIC, PUBLIC),
    "account_reset_password_from_key_done": (PUBLIC, NEVER),
    "account_confirm_login_code": (row(SIGN_IN, HOME, HOME), row(SIGN_IN, HOME, HOME)),
    "account_confirm_email": (PUBLIC, everybody("404")),
    "mfa_index": (signed_in("200"), signed_in("405")),
    "mfa_authenticate": (row(SIGN_IN, HOME, HOME), row(SIGN_IN, HOME, HOME)),
    "mfa_reauthenticate": (signed_in("302 account_reauthenticate"), signed_in("302 account_reauthenticate")),
    "mfa_activate_totp": (AGAIN, AGAIN),
    "mfa_deactivate_totp": (signed_in("404"), signed_in("404")),
    "mfa_view_recovery_codes": (signed_in("404"), signed_in("405")),
    "mfa_generate_recovery_codes": (AGAIN, AGAIN),
    "mfa_download_recovery_codes": (signed_in("404"), signed_in("404")),
    "api_reference": (PUBLIC, NEVER),
    "api_openapi": (PUBLIC, NEVER),
    "api_batch": (everybody("401"), everybody("401")),
    "api_order": (everybody("401"), everybody("401")),
    "api/v1/<path:rest>": (everybody("404"), everybody("404")),
}
# What is posted to by programs, without the token of a form: a key, or nothing at all, stands for it.
WITHOUT_A_FORM = ("tracking:follow", "api_batch", "api_order", "api/v1/<path:rest>")
