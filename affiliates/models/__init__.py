from affiliates.models.affiliate import Affiliate, State
from affiliates.models.application import ApplicationAnswer, ApplicationQuestion, RejectionTemplate
from affiliates.models.approval_rule import ApprovalRule, RuleCheck
from affiliates.models.channel import Channel, ChannelPreview
from affiliates.models.staff_note import AffiliateNote, AffiliateTag
from affiliates.models.status_change import IN_EFFECT_SQL, StatusChange

__all__ = [
    "IN_EFFECT_SQL",
    "Affiliate",
    "AffiliateNote",
    "AffiliateTag",
    "ApplicationAnswer",
    "ApplicationQuestion",
    "ApprovalRule",
    "Channel",
    "ChannelPreview",
    "RejectionTemplate",
    "RuleCheck",
    "State",
    "StatusChange",
]
