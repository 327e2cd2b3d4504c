"""SQL that finds payouts to an account to which the affiliate was never paid before (specification 6).

It reads `due`, which has an `affiliate_id` and a `created_at`, and its payout details `d`. Accounts are compared by
fingerprint, so that entering the same account again is no change. Cancelled and failed payouts do not count as paid.
"""

# True where no payout before `due` went to the account.
IS_NEW_ACCOUNT = """NOT EXISTS (
    SELECT 1 FROM payouts_payout earlier JOIN payouts_payoutdetails used ON used.id = earlier.details_id
     WHERE earlier.affiliate_id = due.affiliate_id AND used.fingerprint = d.fingerprint
       AND earlier.created_at < due.created_at AND earlier.state NOT IN ('cancelled', 'failed'))"""

# The PayoutWarning: whether the affiliate had another account before.
WARNING_CODE = """CASE WHEN EXISTS (
    SELECT 1 FROM payouts_payoutdetails other
     WHERE other.affiliate_id = due.affiliate_id AND other.fingerprint <> d.fingerprint)
    THEN 'changed_details' ELSE 'first_payout' END"""
