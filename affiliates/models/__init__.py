from affiliates.models.affiliate import Affiliate, State
from affiliates.models.channel import Channel
from affiliates.models.standing import StandingChange

__all__ = ["Affiliate", "Channel", "StandingChange", "State"]
