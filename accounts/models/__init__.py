from accounts.models.api_key import ApiKey, Scope
from accounts.models.attempt_counter import AttemptCounter
from accounts.models.user import User

__all__ = ["ApiKey", "AttemptCounter", "Scope", "User"]
