from affiliates.models.affiliate import Affiliate, State
from affiliates.models.channel import Channel
from affiliates.models.staff_note import AffiliateNote, AffiliateTag
from affiliates.models.status_change import IN_EFFECT_SQL, StatusChange

__all__ = ["IN_EFFECT_SQL", "Affiliate", "AffiliateNote", "AffiliateTag", "Channel", "State", "StatusChange"]
