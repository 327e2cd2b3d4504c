from mail.models.message import Message

__all__ = ["Message"]
