from payouts.models.adjustment import Adjustment
from payouts.models.close import Close, CloseException, Statement, StatementLine
from payouts.models.commission import ChangedCommission, Commission, CommissionHold
from payouts.models.details import PayoutDetails, PayoutHold
from payouts.models.ledger import Account, LedgerEntry, LedgerTransaction
from payouts.models.payout import Payout, PayoutBatch, PayoutFile
from payouts.models.upload import Upload

__all__ = [
    "Account",
    "Adjustment",
    "ChangedCommission",
    "Close",
    "CloseException",
    "Commission",
    "CommissionHold",
    "LedgerEntry",
    "LedgerTransaction",
    "Payout",
    "PayoutBatch",
    "PayoutDetails",
    "PayoutFile",
    "PayoutHold",
    "Statement",
    "StatementLine",
    "Upload",
]
