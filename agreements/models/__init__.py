from agreements.models.acceptance import Acceptance, AcceptancePerson
from agreements.models.agreement import AgreementText, AgreementVersion, AgreementWithdrawal
from agreements.models.decline import Decline
from agreements.models.parts import Clause, ProhibitedActivity, Rate
from agreements.models.program import Program
from agreements.models.promotion import Promotion
from agreements.models.translation import TranslatedActivity, TranslatedClause, Translation

__all__ = [
    "Acceptance",
    "AcceptancePerson",
    "AgreementText",
    "AgreementVersion",
    "AgreementWithdrawal",
    "Clause",
    "Decline",
    "Program",
    "ProhibitedActivity",
    "Promotion",
    "Rate",
    "TranslatedActivity",
    "TranslatedClause",
    "Translation",
]
