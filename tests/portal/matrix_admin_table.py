"""The permission matrix of the admin (specification 9): the response of every address in each role."""

from typing import NamedTuple

from shops.admin import guide
from tests.portal.matrix_table import ADMIN, GROUPS, SIGN_IN, Row, row


class Rights(NamedTuple):
    """The groups that have each permission on a model, by their letters.

    Superusers have it too, unless it is None: then no one has it.
    """

    view: str
    change: str | None = None
    add: str | None = None
    delete: str | None = None


# Only superusers edit users, groups, the program and its agreement; no form changes money or history.
MODELS: dict[str, Rights] = {
    "accounts_user": Rights("", change="", add=""),
    "auth_group": Rights("", change="", add="", delete=""),
    "account_emailaddress": Rights(""),
    "mfa_authenticator": Rights("", delete=""),
    "accounts_apikey": Rights(""),
    "audit_auditrecord": Rights(""),
    "mail_message": Rights(""),
    "affiliates_affiliate": Rights("MRPA", change="M"),
    "affiliates_applicationquestion": Rights("M", change="M", add="M", delete=""),
    "affiliates_approvalrule": Rights("", change=""),
    "affiliates_channel": Rights("MRPA"),
    "affiliates_rejectiontemplate": Rights("M", change="M", add="M", delete=""),
    "agreements_acceptance": Rights("R"),
    "agreements_decline": Rights("MR"),
    "agreements_agreementversion": Rights("R", change="", delete=""),
    "agreements_program": Rights("", change=""),
    "agreements_promotion": Rights(""),
    "creatives_creative": Rights("MR"),
    "messaging_conversation": Rights("MR"),
    "messaging_announcement": Rights("M", change="M", add="M"),
    "tracking_click": Rights("MR"),
    "tracking_clickloss": Rights("MR"),
    "tracking_coupon": Rights("MR"),
    "tracking_link": Rights("MR"),
    "tracking_order": Rights("MRP"),
    "shops_connection": Rights("P"),
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
    "payouts_payouthold": Rights("RPA"),
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
# Pages of actions, and the groups that may open them.
ACTIONS: dict[str, str] = {
    "auth_user_password_change": "",
    "accounts_apikey_make": "",
    "accounts_apikey_rotate": "",
    "accounts_apikey_revoke": "",
    "affiliates_affiliate_approve": "M",
    "affiliates_affiliate_reject": "M",
    "affiliates_affiliate_open_review": "R",
    "affiliates_affiliate_write_message": "MR",
    "messaging_conversation_write": "MR",
    "messaging_conversation_answer": "MR",
    "messaging_conversation_close_without_answer": "MR",
    "messaging_announcement_preview": "M",
    "messaging_announcement_send_test": "M",
    "messaging_announcement_send": "M",
    "messaging_announcement_discard": "M",
    "affiliates_affiliate_suspend": "R",
    "affiliates_affiliate_reinstate": "R",
    "affiliates_affiliate_give_notice": "R",
    "affiliates_affiliate_revoke_notice": "R",
    "affiliates_affiliate_hold_payouts": "RPA",
    "affiliates_affiliate_release_payouts": "RPA",
    "affiliates_affiliate_edit_tags": "M",
    "affiliates_affiliate_add_note": "MRPA",
    "affiliates_affiliate_request_erasure": "",
    "affiliates_affiliate_suggest": "MRPA",
    "affiliates_affiliate_suggest_tags": "MRPA",
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
    "agreements_agreementversion_responses": "R",
    "agreements_agreementversion_backtest": "",
    "agreements_agreementversion_publish": "",
    "agreements_agreementversion_withdraw": "",
    "creatives_creative_upload_banner": "M",
    "creatives_creative_upload_text": "M",
    "creatives_creative_edit": "M",
    "creatives_creative_withdraw": "M",
    "creatives_creative_image": "MR",
    "tracking_coupon_assign": "M",
    "tracking_coupon_unassign": "M",
    "tracking_link_make": "M",
    "tracking_link_edit": "M",
    "tracking_link_pause": "M",
    "tracking_link_resume": "M",
    "tracking_link_archive": "M",
    "tracking_link_restore": "M",
    "tracking_order_import_file": "P",
    "affiliates_affiliate_import_file": "M",
    "shops_connection_connect": "P",
    "shops_connection_categories": "P",
    "shops_connection_change_settings": "P",
    "shops_connection_replace_secret": "P",
    "shops_connection_set_api_key": "P",
    "shops_connection_upload_products": "P",
    "shops_connection_requeue": "P",
    "shops_connection_pause": "P",
    "shops_connection_resume": "P",
    "shops_connection_remove": "P",
    "shops_connection_reprice": "P",
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
    "payouts_close_month_end": "PA",
    "payouts_close_open_program": "",
    "payouts_close_download_csv": "PA",
    "payouts_statement_download_pdf": "PA",
    "payouts_statement_download_csv": "PA",
    "payouts_payouthold_hold": "RPA",
    "payouts_payouthold_release": "RPA",
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
    "compliance_review_ask": "R",
    "compliance_review_hold": "R",
    "compliance_review_release": "R",
    "compliance_review_add_note": "R",
    "compliance_signal_open_review": "R",
    "compliance_signal_dismiss": "R",
    "compliance_targetnotice_target_forecast": "R",
    "compliance_targetcheck_target_forecast": "R",
    "compliance_targetpause_declare": "R",
    "portal_erasurerequest_erase": "",
    "portal_erasurerequest_upcoming_deletions": "",
    "portal_scheduledtask_enable_task": "",
}
# Pages that redirect.
REDIRECTS: dict[str, str] = {
    "affiliates_approvalrule_changelist": "302 admin:affiliates_approvalrule_change",
    "agreements_program_changelist": "302 admin:agreements_program_change",
    "agreements_acceptance_verify": "302 admin:agreements_acceptance_changelist",
    "agreements_agreementversion_backtest": "302 compliance:backtest",
    "tracking_order_import_file": "302 admin:shops_orderfile_upload",
    "affiliates_affiliate_open_review": "302 admin:compliance_review_open_review",
    "affiliates_affiliate_write_message": "302 admin:messaging_conversation_write",
    "affiliates_affiliate_release_payouts": "302 admin:payouts_payouthold_release",
    "compliance_targetcheck_target_forecast": "302 admin:compliance_targetnotice_target_forecast",
    "compliance_signal_open_review": "302 admin:compliance_review_open_review",
}


def staff_row(answer: str, **exceptions: str) -> Row:
    """Open to staff; others are redirected to sign in."""
    return row("302 admin:login", "302 admin:login", answer, **exceptions)


def group_row(letters: str | None, answer: str = "200") -> Row:
    """Open to these groups and superusers; to no one for None."""
    rights = () if letters is None else ("superuser", *(GROUPS[letter] for letter in letters))
    return staff_row("403", **dict.fromkeys(rights, answer))


def model_rows() -> dict[str, Row]:
    """Return the rows of the five pages of every model."""
    rows: dict[str, Row] = {}
    for model, rights in MODELS.items():
        pages = {
            "changelist": rights.view,
            "change": rights.view,
            "history": rights.view,
            "add": rights.add,
            "delete": rights.delete,
        }
        for page, letters in pages.items():
            name = f"{model}_{page}"
            rows[f"admin:{name}"] = group_row(letters, REDIRECTS.get(name, "200"))
    return rows


ADMIN_GET: dict[str, Row] = {
    "admin:index": staff_row("200"),
    "admin:search": staff_row("200"),
    # All users sign in and out on the pages of the site.
    "admin:login": row(SIGN_IN, "403", ADMIN),
    "admin:logout": row(ADMIN, ADMIN, "405"),
    "admin:password_change": staff_row("302 account_change_password"),
    "admin:password_change_done": staff_row("200"),
    "admin:jsi18n": staff_row("200"),
    # Unused: no form has an autocomplete field, and no model has an absolute URL.
    "admin:autocomplete": staff_row("403"),
    "admin:view_on_site": staff_row("404"),
    "admin:app_list": staff_row("200", managers="404"),
    "admin/(?P<url>.*)$": staff_row("404"),
    **model_rows(),
    **{f"admin:{name}": group_row(letters, REDIRECTS.get(name, "200")) for name, letters in ACTIONS.items()},
    # The documentation of connections, if it is installed.
    "admin:shops_connection_guide": group_row("P", "200" if guide.GUIDE.is_file() else "404"),
    # A file that is not imported yet is only open to its uploader.
    "admin:shops_orderfile_match": staff_row("403", preparers="200", superuser="404"),
    "admin:shops_orderfile_import_orders": staff_row(
        "403", preparers="302 admin:shops_orderfile_change", superuser="404"
    ),
    "admin:shops_orderfile_discard": staff_row("403", preparers="302 admin:shops_orderfile_change", superuser="404"),
    # Django's old address of a row redirects to its page, which then checks the permission.
    **{
        f"admin/{model.replace('_', '/')}/<path:object_id>/": staff_row(f"302 admin:{model}_change") for model in MODELS
    },
}
# A read-only page rejects POST, even from users who may view it.
ADMIN_POST: dict[str, Row] = {
    f"admin:{model}_change": group_row(rights.change, "200") for model, rights in MODELS.items()
}
# The form has no required fields, so an empty POST saves it.
# Without a reason, the form is shown again.
ADMIN_POST["admin:agreements_program_change"] = group_row("", "200")
