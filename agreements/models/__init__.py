from agreements.models.acceptance import Acceptance, AcceptancePerson
from agreements.models.agreement import Agreement, AgreementText, AgreementWithdrawal
from agreements.models.parts import Clause, ProhibitedActivity, Rate
from agreements.models.program import Program
from agreements.models.promotion import Promotion
from agreements.models.translation import TranslatedActivity, TranslatedClause, Translation

__all__ = [
    "Acceptance",
    "AcceptancePerson",
    "Agreement",
    "AgreementText",
    "AgreementWithdrawal",
    "Clause",
    "Program",
    "ProhibitedActivity",
    "Promotion",
    "Rate",
    "TranslatedActivity",
    "TranslatedClause",
    "Translation",
]
