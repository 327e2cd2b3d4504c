"""An account that an affiliate is paid to for the first time, wherever staff are to look twice (CONTRACT 6).

SQL over `due`, which has an `affiliate_id` and a `created_at`, and its payout details `d`. An account that was entered again is
not a changed one: the fingerprint is the account's. A payout that was cancelled or failed has paid nobody.
"""

# True where no payout before `due` went there.
IS_NEW_ACCOUNT = """NOT EXISTS (
    SELECT 1 FROM payouts_payout earlier JOIN payouts_payoutdetails used ON used.id = earlier.details_id
     WHERE earlier.affiliate_id = due.affiliate_id AND used.fingerprint = d.fingerprint
       AND earlier.created_at < due.created_at AND earlier.state NOT IN ('cancelled', 'failed'))"""

# The kind of `payouts.dry_run.PayoutWarning`: whether there was another account before.
WARNING_CODE = """CASE WHEN EXISTS (
    SELECT 1 FROM payouts_payoutdetails other
     WHERE other.affiliate_id = due.affiliate_id AND other.fingerprint <> d.fingerprint)
    THEN 'changed_details' ELSE 'first_payout' END"""
