"""Which of the staff may what in the admin (CONTRACT 9): a row for every address there."""

from typing import NamedTuple

from tests.portal.matrix_table import ADMIN, GROUPS, SIGN_IN, Row, row


class Rights(NamedTuple):
    """Which groups may what with a model in the admin: by their letters, beside superusers; None is nobody at all."""

    see: str
    change: str | None = None
    add: str | None = None
    delete: str | None = None


# Users, rights, the program and its agreement are for superusers; money and history change by no form.
MODELS: dict[str, Rights] = {
    "accounts_user": Rights("", change="", add=""),
    "auth_group": Rights("", change="", add="", delete=""),
    "account_emailaddress": Rights(""),
    "mfa_authenticator": Rights("", delete=""),
    "accounts_apikey": Rights(""),
    "audit_auditrecord": Rights(""),
    "mail_message": Rights(""),
    "affiliates_affiliate": Rights("MRPA", change="M"),
    "affiliates_channel": Rights("MRPA"),
    "agreements_acceptance": Rights("R"),
    "agreements_agreementversion": Rights("R", change="", delete=""),
    "agreements_program": Rights("", change=""),
    "agreements_promotion": Rights(""),
    "tracking_click": Rights("MR"),
    "tracking_clickloss": Rights("MR"),
    "tracking_coupon": Rights("MR"),
    "tracking_link": Rights("MR"),
    "tracking_order": Rights("MRP"),
    "shops_reject": Rights("P"),
    "payouts_adjustment": Rights("PA"),
    "payouts_close": Rights("PA"),
    "payouts_commission": Rights("RPA"),
    "payouts_commissionhold": Rights("RPA"),
    "payouts_ledgerentry": Rights("PA"),
    "payouts_ledgertransaction": Rights("PA"),
    "shops_orderfile": Rights("P"),
    "payouts_payout": Rights("PA"),
    "payouts_payoutbatch": Rights("PA"),
    "payouts_payoutdetails": Rights("PA"),
    "payouts_payouthold": Rights("PA"),
    "payouts_closeexception": Rights("PA"),
    "payouts_statement": Rights("PA"),
    "compliance_abusereport": Rights("R"),
    "compliance_review": Rights("R"),
    "compliance_signal": Rights("R"),
    "compliance_targetcheck": Rights("R"),
    "compliance_targetnotice": Rights("R"),
    "compliance_targetpause": Rights("R"),
    "compliance_terminationnotice": Rights("R"),
    "portal_erasurerequest": Rights(""),
    "portal_integritycheck": Rights(""),
    "portal_scheduledtask": Rights(""),
}
# Pages beside those of every model.
ACTIONS: dict[str, str] = {
    "auth_user_password_change": "",
    "accounts_apikey_make": "",
    "accounts_apikey_rotate": "",
    "accounts_apikey_revoke": "",
    "affiliates_affiliate_approve": "M",
    "affiliates_affiliate_reject": "M",
    "affiliates_affiliate_open_review": "R",
    "affiliates_affiliate_suspend": "R",
    "affiliates_affiliate_reinstate": "R",
    "affiliates_affiliate_give_notice": "R",
    "affiliates_channel_approve": "M",
    "affiliates_channel_reject": "M",
    "agreements_acceptance_verify": "R",
    "agreements_acceptance_export": "R",
    "agreements_promotion_announce": "",
    "agreements_promotion_move_end": "",
    "agreements_agreementversion_start": "",
    "agreements_agreementversion_preview": "R",
    "agreements_agreementversion_translations": "",
    "agreements_agreementversion_differences": "R",
    "agreements_agreementversion_backtest": "",
    "agreements_agreementversion_publish": "",
    "agreements_agreementversion_withdraw": "",
    "tracking_coupon_assign": "M",
    "tracking_coupon_unassign": "M",
    "tracking_link_make": "M",
    "tracking_link_edit": "M",
    "tracking_link_pause": "M",
    "tracking_link_resume": "M",
    "tracking_order_import_file": "P",
    "shops_reject_correct": "P",
    "shops_reject_resend": "P",
    "shops_reject_dismiss": "P",
    "payouts_adjustment_propose": "P",
    "payouts_adjustment_negative_balances": "PA",
    "payouts_adjustment_write_off": "P",
    "payouts_adjustment_approve": "A",
    "payouts_adjustment_reject": "PA",
    "shops_orderfile_upload": "P",
    "shops_orderfile_refusals": "P",
    "payouts_payoutbatch_file": "P",
    "payouts_payoutbatch_import_results": "P",
    "payouts_payoutbatch_submit": "P",
    "payouts_payoutbatch_approve": "A",
    "payouts_payoutbatch_remove_unpayable": "P",
    "payouts_payoutbatch_return_to_draft": "PA",
    "payouts_payoutbatch_export": "P",
    "payouts_payoutbatch_mark_paid": "P",
    "payouts_close_close_next": "P",
    "payouts_close_dry_run": "P",
    "payouts_close_open_program": "",
    "payouts_close_download_csv": "PA",
    "payouts_statement_download_pdf": "PA",
    "payouts_statement_download_csv": "PA",
    "payouts_payouthold_hold": "PA",
    "payouts_payouthold_release": "PA",
    "payouts_ledgertransaction_trial_balance": "PA",
    "payouts_ledgertransaction_journal": "PA",
    "payouts_ledgertransaction_account": "PA",
    "payouts_payout_hold": "P",
    "payouts_payout_cancel": "P",
    "payouts_payout_reissue": "P",
    "compliance_terminationnotice_give_notice": "R",
    "compliance_terminationnotice_suspend": "R",
    "compliance_terminationnotice_reinstate": "R",
    "compliance_terminationnotice_announce_end": "",
    "compliance_terminationnotice_revoke": "R",
    "compliance_review_file": "R",
    "compliance_review_open_review": "R",
    "compliance_review_decide": "R",
    "compliance_review_decide_appeal": "R",
    "compliance_review_add_note": "R",
    "compliance_signal_open_review": "R",
    "compliance_signal_dismiss": "R",
    "compliance_targetnotice_target_forecast": "R",
    "compliance_targetpause_declare": "R",
    "portal_erasurerequest_erase": "",
    "portal_scheduledtask_enable_task": "",
}
# Where a page of the admin leads on.
LEADS: dict[str, str] = {
    "agreements_program_changelist": "302 admin:agreements_program_change",
    "agreements_acceptance_verify": "302 admin:agreements_acceptance_changelist",
    "agreements_agreementversion_backtest": "302 compliance:backtest",
    "tracking_order_import_file": "302 admin:shops_orderfile_upload",
    "affiliates_affiliate_open_review": "302 admin:compliance_review_open_review",
    "compliance_signal_open_review": "302 admin:compliance_review_open_review",
}


def of_staff(answer: str, **but: str) -> Row:
    """Whoever is not of the staff is sent to the admin's sign-in."""
    return row("302 admin:login", "302 admin:login", answer, **but)


def of_groups(letters: str | None, answer: str = "200") -> Row:
    """These groups and superusers; nobody at all for None."""
    may = () if letters is None else ("boss", *(GROUPS[letter] for letter in letters))
    return of_staff("403", **dict.fromkeys(may, answer))


def of_models() -> dict[str, Row]:
    """The five pages of every model, by their addresses' names."""
    found: dict[str, Row] = {}
    for model, may in MODELS.items():
        pages = {"changelist": may.see, "change": may.see, "history": may.see, "add": may.add, "delete": may.delete}
        for page, letters in pages.items():
            name = f"{model}_{page}"
            found[f"admin:{name}"] = of_groups(letters, LEADS.get(name, "200"))
    return found


READ_IN_THE_ADMIN: dict[str, Row] = {
    "admin:index": of_staff("200"),
    "admin:search": of_staff("200"),
    # Signing in and out is everybody's, by one door.
    "admin:login": row(SIGN_IN, "403", ADMIN),
    "admin:logout": row(ADMIN, ADMIN, "405"),
    "admin:password_change": of_staff("200"),
    "admin:password_change_done": of_staff("200"),
    "admin:jsi18n": of_staff("200"),
    # No form of ours asks it for anything, and no model says where it is shown.
    "admin:autocomplete": of_staff("403"),
    "admin:view_on_site": of_staff("404"),
    "admin:app_list": of_staff("200", managers="404"),
    "admin/(?P<url>.*)$": of_staff("404"),
    **of_models(),
    **{f"admin:{name}": of_groups(letters, LEADS.get(name, "200")) for name, letters in ACTIONS.items()},
    # A file that waits is its uploader's alone; what decides on it is posted, from its page.
    "admin:shops_orderfile_match": of_staff("403", preparers="200", boss="404"),
    "admin:shops_orderfile_import_orders": of_staff("403", preparers="302 admin:shops_orderfile_change", boss="404"),
    "admin:shops_orderfile_discard": of_staff("403", preparers="302 admin:shops_orderfile_change", boss="404"),
    # Django's old address of a row leads to its page, which then asks for the right.
    **{f"admin/{model.replace('_', '/')}/<path:object_id>/": of_staff(f"302 admin:{model}_change") for model in MODELS},
}
# A page that is only read refuses what is posted to it, also to whoever sees it.
POSTED_IN_THE_ADMIN: dict[str, Row] = {
    f"admin:{model}_change": of_groups(may.change, "200") for model, may in MODELS.items()
}
# An empty form is a whole one where nothing is required.
POSTED_IN_THE_ADMIN["admin:agreements_program_change"] = of_groups("", "302 admin:agreements_program_changelist")
