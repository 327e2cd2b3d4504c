from affiliates.models.affiliate import Affiliate, State
from affiliates.models.channel import Channel
from affiliates.models.status_change import StatusChange

__all__ = ["Affiliate", "Channel", "State", "StatusChange"]
