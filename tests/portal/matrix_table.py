"""The permission matrix of the site (specification 9): the response of every address to GET and POST in each role.

A response is a status; for a redirect followed by the name of the target address, or by its host for another site.
"""

AFFILIATES = ("owner", "other", "suspended", "terminated")
# By the letters used in the matrix of the admin.
GROUPS = {"M": "managers", "R": "reviewers", "P": "preparers", "A": "approvers"}
STAFF = (*GROUPS.values(), "superuser")

Row = dict[str, str]
SIGN_IN, HOME, ADMIN = "302 account_login", "302 portal:after_sign_in", "302 admin:index"


def row(visitor: str, affiliates: str, staff: str, **exceptions: str) -> Row:
    return {"visitor": visitor} | dict.fromkeys(AFFILIATES, affiliates) | dict.fromkeys(STAFF, staff) | exceptions


def all_roles(answer: str) -> Row:
    return row(answer, answer, answer)


def signed_in(answer: str) -> Row:
    """Open to affiliates and staff."""
    return row(SIGN_IN, answer, answer)


def visitor_only(answer: str) -> Row:
    """Open to visitors; signed-in users are redirected."""
    return row(answer, HOME, HOME)


def affiliate_page(answer: str, **exceptions: str) -> Row:
    """Open to every affiliate in any state, with their own data."""
    return row(SIGN_IN, answer, ADMIN, **exceptions)


def owner_only(answer: str) -> Row:
    """Open to the owner of the object; a 404 for other affiliates."""
    return affiliate_page("404", owner=answer)


PUBLIC, NOT_ALLOWED = all_roles("200"), all_roles("405")
# A terminated affiliate cannot accept a version and is redirected to an explanation.
ACCEPTANCE = affiliate_page("200", terminated="302 portal:agreement")

# Needs a recent sign-in.
REAUTHENTICATE = signed_in("302 account_reauthenticate")

# For each address its responses to GET and to POST with an empty body.
SITE: dict[str, tuple[Row, Row]] = {
    "portal:landing": (PUBLIC, PUBLIC),
    # With the token of a user who has a password.
    "portal:invitation": (all_roles("302 account_login"), NOT_ALLOWED),
    "portal:robots": (PUBLIC, all_roles("405")),
    "portal:favicon": (all_roles("302 /static/favicon.svg"), all_roles("405")),
    "portal:security_contact": (PUBLIC, all_roles("405")),
    "portal:apply": (visitor_only("200"), visitor_only("200")),
    "portal:resend_confirmation": (NOT_ALLOWED, row(SIGN_IN, "302 account_email", "302 account_email")),
    "portal:after_sign_in": (row(SIGN_IN, "302 portal:home", ADMIN), row(SIGN_IN, "302 portal:home", ADMIN)),
    "accounts/signup/": (all_roles("302 portal:apply"), all_roles("302 portal:apply")),
    "portal:home": (affiliate_page("200"), affiliate_page("200")),
    "portal:profile": (affiliate_page("200"), affiliate_page("200")),
    "portal:notifications": (affiliate_page("200"), affiliate_page("302 portal:notifications")),
    "portal:security": (signed_in("200"), signed_in("200")),
    "portal:my_data": (affiliate_page("200"), affiliate_page("200")),
    "portal:download_data": (NOT_ALLOWED, affiliate_page("302 account_reauthenticate")),
    "portal:request_erasure": (NOT_ALLOWED, affiliate_page("302 portal:my_data")),
    "portal:withdraw_erasure": (NOT_ALLOWED, affiliate_page("302 portal:my_data")),
    "portal:leave": (affiliate_page("200"), affiliate_page("200")),
    "portal:take_back_leaving": (NOT_ALLOWED, affiliate_page("302 portal:home")),
    # The address with its signed token is in an e-mail; everyone who has it may unsubscribe.
    "portal:unsubscribe": (PUBLIC, PUBLIC),
    "affiliates:channels": (affiliate_page("200"), affiliate_page("200")),
    "affiliates:channel_remove": (owner_only("200"), owner_only("302 affiliates:channels")),
    "agreements:current": (PUBLIC, NOT_ALLOWED),
    "agreements:current_pdf": (PUBLIC, NOT_ALLOWED),
    "agreements:terms_json": (PUBLIC, NOT_ALLOWED),
    "agreements:versions": (PUBLIC, NOT_ALLOWED),
    "agreements:version": (PUBLIC, NOT_ALLOWED),
    "agreements:version_pdf": (PUBLIC, NOT_ALLOWED),
    "agreements:version_text": (PUBLIC, NOT_ALLOWED),
    "agreements:version_terms": (PUBLIC, NOT_ALLOWED),
    "agreements:version_changes": (PUBLIC, NOT_ALLOWED),
    "portal:agreement_accept": (ACCEPTANCE, ACCEPTANCE),
    "portal:agreement_decline": (ACCEPTANCE, affiliate_page("302 portal:agreement")),
    "portal:agreement_take_back_decline": (affiliate_page("405"), affiliate_page("302 portal:agreement")),
    "portal:agreement": (affiliate_page("200"), affiliate_page("405")),
    "portal:agreement_evidence": (owner_only("200"), affiliate_page("405")),
    "tracking:follow": (all_roles("302 shop.example.com"), NOT_ALLOWED),
    "shops:script": (PUBLIC, NOT_ALLOWED),
    "tracking:links": (affiliate_page("200"), NOT_ALLOWED),
    "tracking:links_csv": (affiliate_page("200"), NOT_ALLOWED),
    "tracking:link_new": (affiliate_page("200"), affiliate_page("200")),
    # Without a link there is nothing to build on.
    "tracking:link_builder": (affiliate_page("302 tracking:link_new", owner="200"), NOT_ALLOWED),
    "tracking:links_bulk": (affiliate_page("200"), affiliate_page("200")),
    # Without the time at which links were created, no link is meant.
    "tracking:links_created": (affiliate_page("404"), NOT_ALLOWED),
    "tracking:links_created_csv": (affiliate_page("404"), NOT_ALLOWED),
    "tracking:link": (owner_only("200"), owner_only("200")),
    "tracking:link_pause": (NOT_ALLOWED, owner_only("302 tracking:link")),
    "tracking:link_resume": (NOT_ALLOWED, owner_only("302 tracking:link")),
    "tracking:link_archive": (NOT_ALLOWED, owner_only("302 tracking:link")),
    "tracking:link_restore": (NOT_ALLOWED, owner_only("302 tracking:link")),
    "tracking:link_qr_svg": (owner_only("200"), NOT_ALLOWED),
    "tracking:link_qr_png": (owner_only("200"), NOT_ALLOWED),
    # A banner or text is for every affiliate; each gets a link of their own, while active.
    "creatives:creatives": (affiliate_page("200"), NOT_ALLOWED),
    "creatives:creative": (affiliate_page("200"), NOT_ALLOWED),
    "creatives:link": (NOT_ALLOWED, affiliate_page("302 creatives:creative")),
    "creatives:image": (PUBLIC, NOT_ALLOWED),
    "payouts:reports": (affiliate_page("200"), NOT_ALLOWED),
    "payouts:reports_csv": (affiliate_page("200"), NOT_ALLOWED),
    **dict.fromkeys(
        ("payouts:staff_reports", "payouts:staff_reports_csv", "shops:staff_categories"),
        (row("302 admin:login", "302 admin:login", "200"), row("302 admin:login", "302 admin:login", "405")),
    ),
    # Each group is offered the reports whose rows it may see. A download without a report is invalid.
    "portal:csv_reports": (
        row("302 admin:login", "302 admin:login", "200"),
        row("302 admin:login", "302 admin:login", "400"),
    ),
    "shops:generic_paths": (
        row("302 admin:login", "302 admin:login", "403", superuser="200", preparers="200"),
        row("302 admin:login", "302 admin:login", "403", superuser="200", preparers="200"),
    ),
    "payouts:commissions": (affiliate_page("200"), affiliate_page("200")),
    "payouts:commissions_csv": (affiliate_page("200"), NOT_ALLOWED),
    "payouts:find_order": (affiliate_page("200"), NOT_ALLOWED),
    "payouts:order": (owner_only("200"), owner_only("200")),
    "payouts:statements": (affiliate_page("200"), affiliate_page("200")),
    # Without a period.
    "payouts:statements_period": (affiliate_page("302 payouts:statements"), NOT_ALLOWED),
    "payouts:payouts_period": (affiliate_page("302 payouts:payouts"), NOT_ALLOWED),
    "payouts:statement": (owner_only("200"), owner_only("200")),
    "payouts:statement_pdf": (owner_only("200"), owner_only("200")),
    "payouts:statement_csv": (owner_only("200"), owner_only("200")),
    "payouts:payouts": (affiliate_page("200"), affiliate_page("200")),
    "payouts:details": (affiliate_page("200"), affiliate_page("200")),
    "payouts:confirm_details": (NOT_ALLOWED, owner_only("302 payouts:details")),
    "payouts:change_details": (
        affiliate_page("302 account_reauthenticate"),
        affiliate_page("302 account_reauthenticate"),
    ),
    "compliance:reviews": (affiliate_page("200"), NOT_ALLOWED),
    "compliance:review": (owner_only("200"), NOT_ALLOWED),
    "compliance:reply": (NOT_ALLOWED, owner_only("422")),
    "compliance:answer": (NOT_ALLOWED, owner_only("422")),
    "compliance:appeal": (NOT_ALLOWED, owner_only("422")),
    "compliance:review_file": (owner_only("200"), NOT_ALLOWED),
    "compliance:report_abuse": (PUBLIC, PUBLIC),
    **dict.fromkeys(
        ("shops:landing_check", "shops:landing_check_events"),
        (
            row("302 admin:login", "302 admin:login", "403", superuser="200", preparers="200"),
            row("302 admin:login", "302 admin:login", "405"),
        ),
    ),
    "compliance:backtest": (
        row("302 admin:login", "302 admin:login", "403", superuser="200"),
        row("302 admin:login", "302 admin:login", "405"),
    ),
    "messaging:notifications": (affiliate_page("200"), NOT_ALLOWED),
    "messaging:mark_all_read": (NOT_ALLOWED, affiliate_page("302 messaging:notifications")),
    "messaging:notification": (owner_only("200"), NOT_ALLOWED),
    "messaging:announcement": (owner_only("200"), NOT_ALLOWED),
    "messaging:conversations": (affiliate_page("200"), NOT_ALLOWED),
    "messaging:new_conversation": (affiliate_page("200"), affiliate_page("422")),
    "messaging:conversation": (owner_only("200"), owner_only("422")),
    "account_login": (visitor_only("200"), visitor_only("200")),
    "account_logout": (row("302 portal:landing", "200", "200"), all_roles("302 portal:landing")),
    "account_inactive": (PUBLIC, NOT_ALLOWED),
    "account_signup": (all_roles("302 portal:apply"), all_roles("302 portal:apply")),
    "account_reauthenticate": (signed_in("200"), signed_in("200")),
    "account_email": (signed_in("200"), signed_in("302 account_email")),
    "account_email_verification_sent": (PUBLIC, NOT_ALLOWED),
    "account_change_password": (signed_in("200"), signed_in("200")),
    "account_set_password": (REAUTHENTICATE, REAUTHENTICATE),
    "account_reset_password": (PUBLIC, PUBLIC),
    "account_reset_password_done": (PUBLIC, NOT_ALLOWED),
    "account_reset_password_from_key": (PUBLIC, PUBLIC),
    "account_reset_password_from_key_done": (PUBLIC, NOT_ALLOWED),
    "account_confirm_login_code": (row(SIGN_IN, HOME, HOME), row(SIGN_IN, HOME, HOME)),
    "account_confirm_email": (PUBLIC, all_roles("404")),
    "mfa_index": (signed_in("200"), signed_in("405")),
    "mfa_authenticate": (row(SIGN_IN, HOME, HOME), row(SIGN_IN, HOME, HOME)),
    "mfa_reauthenticate": (signed_in("302 account_reauthenticate"), signed_in("302 account_reauthenticate")),
    "mfa_list_webauthn": (signed_in("200"), signed_in("405")),
    "mfa_add_webauthn": (REAUTHENTICATE, REAUTHENTICATE),
    "mfa_edit_webauthn": (REAUTHENTICATE, REAUTHENTICATE),
    "mfa_remove_webauthn": (REAUTHENTICATE, REAUTHENTICATE),
    "mfa_reauthenticate_webauthn": (REAUTHENTICATE, REAUTHENTICATE),
    "mfa_login_webauthn": (visitor_only("302 account_login"), visitor_only("302 account_login")),
    "mfa_activate_totp": (REAUTHENTICATE, REAUTHENTICATE),
    "mfa_deactivate_totp": (signed_in("404"), signed_in("404")),
    "mfa_view_recovery_codes": (signed_in("404"), signed_in("405")),
    "mfa_generate_recovery_codes": (REAUTHENTICATE, REAUTHENTICATE),
    "mfa_download_recovery_codes": (signed_in("404"), signed_in("404")),
    "api_reference": (PUBLIC, NOT_ALLOWED),
    "api_openapi": (PUBLIC, NOT_ALLOWED),
    "api_batch": (all_roles("401"), all_roles("401")),
    "api_order": (all_roles("401"), all_roles("401")),
    "api_report": (all_roles("401"), all_roles("401")),
    "api/v1/<path:rest>": (all_roles("404"), all_roles("404")),
    # Of a connection that does not exist; signatures have tests of their own.
    "hook": (all_roles("405"), all_roles("404")),
    "hooks/<uuid:pk>/": (all_roles("405"), all_roles("404")),
    "hooks/<path:rest>": (all_roles("404"), all_roles("404")),
}
# Addresses for programs, which post without a CSRF token.
CSRF_EXEMPT = (
    *(
        "tracking:follow",
        "shops:script",
        "creatives:image",
        "portal:unsubscribe",
        "api_batch",
        "api_order",
        "api_report",
        "api/v1/<path:rest>",
    ),
    *("hook", "hooks/<uuid:pk>/", "hooks/<path:rest>"),
)
