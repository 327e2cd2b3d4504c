from accounts.models.api_key import ApiKey, Scope
from accounts.models.user import User

__all__ = ["ApiKey", "Scope", "User"]
